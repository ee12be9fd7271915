import { z } from 'zod'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { toNames } from '../server-names.ts'

const MODES = ['img_gen', 'vid_gen'] as const
export type Mode = (typeof MODES)[number]

const object = z.record(z.string(), z.unknown()).catch({})
const byMode = z.record(z.string(), object).catch({})
const list = z.array(z.unknown()).catch([])
const limit = z.number().optional().catch(undefined)

/** Capabilities of a server, of which only what is read is checked. */
const Answer = z.looseObject({
  model: z.looseObject({ stem: z.string().catch(''), name: z.string().catch('') }),
  supported_modes: list,
  current_mode: z.string().catch(''),
  defaults: object,
  features: object,
  output_formats: list,
  defaults_by_mode: byMode,
  features_by_mode: byMode,
  output_formats_by_mode: z.record(z.string(), list).catch({}),
  samplers: list,
  schedulers: list,
  loras: list,
  upscalers: list,
  limits: z
    .looseObject({ min_width: limit, max_width: limit, min_height: limit, max_height: limit, max_batch_count: limit })
    .catch({}),
})

/** The capabilities of a server in one mode. */
export interface ModeCapabilities {
  defaults: Record<string, unknown>
  features: ReadonlySet<string>
  formats: readonly string[]
}

/** The capabilities of a server: the one model that it has loaded, and what can be done with it. */
export interface Capabilities {
  /** Name of the model's file, without its ending. */
  model: string
  modes: Partial<Record<Mode, ModeCapabilities>>
  samplers: string[]
  schedulers: string[]
  /** Paths of the LoRA files, as a request names them. */
  loras: string[]
  upscalers: string[]
  limits: z.infer<typeof Answer>['limits']
}

const MAX_BYTES = 8_000_000

/** Reads the capabilities of a server. @throws ProviderError */
export async function readCapabilities(
  client: HttpClient,
  signal: AbortSignal,
  deadlineMs: number = client.deadlineMs,
): Promise<Capabilities> {
  const path = '/sdcpp/v1/capabilities'
  const request: HttpRequest = { method: 'GET', path, signal, failureIfUnanswered: 'retryable', deadlineMs }
  const { data } = Answer.safeParse(await readJson(await sendRequest(client, request), request, MAX_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  const { samplers, schedulers, limits } = data
  return {
    model: toNames([data.model.stem, data.model.name])[0] ?? 'model',
    modes: Object.fromEntries(
      MODES.filter(mode => data.supported_modes.includes(mode)).map(mode => [mode, toMode(data, mode)]),
    ),
    samplers: toNames(samplers),
    schedulers: toNames(schedulers),
    loras: toNames(data.loras.map(lora => readField(lora, 'path'))),
    upscalers: toNames(data.upscalers.map(upscaler => readField(upscaler, 'name'))),
    limits,
  }
}

/** Returns the capabilities in one mode. Older servers have those of their current mode alone, at the top. */
function toMode(data: z.infer<typeof Answer>, mode: Mode): ModeCapabilities {
  const isCurrent = data.current_mode === mode
  const features = data.features_by_mode[mode] ?? (isCurrent ? data.features : {})
  return {
    defaults: data.defaults_by_mode[mode] ?? (isCurrent ? data.defaults : {}),
    features: new Set(Object.keys(features).filter(name => features[name] === true)),
    formats: toNames(data.output_formats_by_mode[mode] ?? (isCurrent ? data.output_formats : [])),
  }
}

/** Returns a field of what may be an object. */
export function readField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
