/** The envelope's schema by itself: what every quicker way must agree with. */
import { Compile } from 'typebox/compile'
import { EventInput } from './event.ts'

const schema = Compile(EventInput)
export const fitsEnvelope = (value: unknown): value is EventInput => schema.Check(value)
