/** Numbers by number, in the memory they need and no more: millions of objects would take gigabytes. */

type Numbers = Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>

export interface Column {
  /** 0 where nothing was set. */
  get(index: number): number
  set(index: number, value: number): void
  /** One more than the greatest index that was set. */
  readonly length: number
}

/** Past this a number is a mistake rather than a place. */
export const mostPlaces = 2 ** 27

const makers = {
  int32: (length: number) => new Int32Array(length),
  float64: (length: number) => new Float64Array(length),
  bit8: (length: number) => new Uint8Array(length),
} satisfies Record<string, (length: number) => Numbers>

export function createColumn(kind: keyof typeof makers): Column {
  const make: (length: number) => Numbers = makers[kind]
  let numbers = make(1_024)
  let length = 0
  return {
    get: (index) => numbers[index] ?? 0,
    set(index, value) {
      if (!(index >= 0 && index < mostPlaces)) throw new RangeError(`A check holds up to ${mostPlaces} numbers; this is number ${index}.`)
      if (index >= numbers.length) {
        const wider = make(2 ** Math.ceil(Math.log2(index + 1)))
        wider.set(numbers)
        numbers = wider
      }
      numbers[index] = value
      if (index >= length) length = index + 1
    },
    get length() {
      return length
    },
  }
}
