/**
 * An agent by OpenTelemetry's conventions alone, with a log line and a counter: by the exporters of `proto`, `http` (JSON) or `grpc`, set
 * up by nothing but the two variables of every OpenTelemetry SDK.
 */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import * as grpcLogs from '@opentelemetry/exporter-logs-otlp-grpc'
import * as httpLogs from '@opentelemetry/exporter-logs-otlp-http'
import * as protoLogs from '@opentelemetry/exporter-logs-otlp-proto'
import * as grpcMetrics from '@opentelemetry/exporter-metrics-otlp-grpc'
import * as httpMetrics from '@opentelemetry/exporter-metrics-otlp-http'
import * as protoMetrics from '@opentelemetry/exporter-metrics-otlp-proto'
import * as grpcTraces from '@opentelemetry/exporter-trace-otlp-grpc'
import * as httpTraces from '@opentelemetry/exporter-trace-otlp-http'
import * as protoTraces from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { key, notebook, tell } from './did.mjs'

const [protocol, endpoint] = process.argv.slice(2)
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint
process.env.OTEL_EXPORTER_OTLP_HEADERS = `authorization=Bearer%20${key}`
const { OTLPTraceExporter, OTLPLogExporter, OTLPMetricExporter } = {
  proto: { ...protoLogs, ...protoMetrics, ...protoTraces },
  http: { ...httpLogs, ...httpMetrics, ...httpTraces },
  grpc: { ...grpcLogs, ...grpcMetrics, ...grpcTraces },
}[protocol]

const service = `otel-${protocol}`
const resource = resourceFromAttributes({ 'service.name': service })
const spans = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] })
spans.register()
const logs = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })] })
const meters = new MeterProvider({ resource, readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })] })

const book = notebook()
const named = (agent) => `${service}/${agent}`
const tracer = trace.getTracer('a program')

const span = (name, attributes, work, kind = SpanKind.INTERNAL) =>
  tracer.startActiveSpan(name, { kind, attributes }, async (open) => {
    try {
      return await work(open)
    } catch (error) {
      open.recordException(error)
      open.setStatus({ code: SpanStatusCode.ERROR, message: error.message })
    } finally {
      open.end()
    }
  })
const agent = (name, work) => span(`invoke_agent ${name}`, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name }, work)
const chat = (of, model, [input, cached, output, reasoning]) =>
  span(
    `chat ${model}`,
    { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model, 'gen_ai.provider.name': 'x' },
    (open) => {
      book.model(
        named(of),
        { inputTokens: input, cacheReadTokens: cached, outputTokens: output, reasoningTokens: reasoning },
        { name: model },
      )
      open.setAttributes({
        'gen_ai.usage.input_tokens': input,
        'gen_ai.usage.cache_read.input_tokens': cached,
        'gen_ai.usage.output_tokens': output,
        'gen_ai.usage.reasoning.output_tokens': reasoning,
      })
    },
    SpanKind.CLIENT,
  )
const tool = (of, name, work) =>
  span(`execute_tool ${name}`, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }, async () => {
    try {
      await work()
      book.tool(named(of), name)
    } catch (error) {
      book.tool(named(of), name, 'failed')
      throw error
    }
  })

let run
await agent('lead', async (open) => {
  run = open.spanContext().traceId
  await chat('lead', 'large', [100, 40, 9, 3])
  book.edge('delegation', named('lead'), named('helper'))
  await agent('helper', async () => {
    await chat('helper', 'small', [20, 0, 4, 0])
    await tool('helper', 'search', async () => 'found')
    await tool('helper', 'fetch', async () => Promise.reject(new Error('no network')))
  })
})
logs
  .getLogger('a program')
  .emit({ severityNumber: 13, severityText: 'WARN', body: `low on disk, says ${service}`, attributes: { free: 7 } })
meters.getMeter('a program').createCounter('jobs.done', { unit: '{job}' }).add(3, { queue: 'night' })

await Promise.all([spans.forceFlush(), logs.forceFlush(), meters.shutdown()])
tell(book.did(run, { state: 'finished', roles: { [named('lead')]: 'manager', [named('helper')]: 'worker' } }))
