/** A text cut at the terms that are highlighted in it. */
interface Piece {
  readonly from: number
  readonly text: string
  /** Which of the terms it is. */
  readonly mark?: number
}

/** Joined they are the text. Where terms overlap the first one wins. */
export function piecesOf(text: string, marks: readonly string[]): readonly Piece[] {
  const pattern = new RegExp(marks.map((mark) => `(${mark.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})`).join('|'), 'gi')
  const pieces: Piece[] = []
  let at = 0
  for (const found of text.matchAll(pattern)) {
    if (found.index > at) pieces.push({ from: at, text: text.slice(at, found.index) })
    pieces.push({ from: found.index, text: found[0], mark: found.slice(1).findIndex((group) => group !== undefined) })
    at = found.index + found[0].length
  }
  if (at < text.length) pieces.push({ from: at, text: text.slice(at) })
  return pieces
}
