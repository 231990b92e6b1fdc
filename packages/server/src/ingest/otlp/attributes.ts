/** Objects whose keys are a sender's: without a prototype, so that no key is one that objects inherit. */
import type { AttributeValue } from './otlp.ts'

export type Writable = Record<string, AttributeValue>

/** Of a class, for what `Object.create(null)` makes is a hash table: twice the time to fill, walk and print, and thrice the memory. */
class Bare {}
Object.setPrototypeOf(Bare.prototype, null)
Reflect.deleteProperty(Bare.prototype, 'constructor')

export const attributesOf = (): Writable => new Bare() as Writable
