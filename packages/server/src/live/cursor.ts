/** The live cursor is the wire's: model/live-cursor.ts. */
export { decodeCursor, encodeCursor } from '@signalbox/model/live-cursor.ts'
