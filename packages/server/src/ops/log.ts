import { type DestinationStream, type Logger, pino } from 'pino'

/** Structured logs in ECS field names, to standard output. Keys and passwords never reach a line: what could carry them is redacted by path. */
export function createLog(level: string, to: DestinationStream = pino.destination(1)): Logger {
  return pino(
    {
      level,
      base: { 'service.name': 'signalbox' },
      timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
      messageKey: 'message',
      formatters: { level: (label) => ({ 'log.level': label }) },
      redact: {
        paths: ['req.headers.authorization', 'headers.authorization', 'key', 'password', 'url', '*.connectionString'],
        censor: '[redacted]',
      },
    },
    to,
  )
}
