import type { Setting } from '@darkroom/contracts/model'
import { isStorable, toStorableText } from '@darkroom/contracts/parameters'
import { z } from 'zod'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'

/** The inputs of a node class: a list of choices, or a type with its options. */
const InputSpec = z.tuple([z.union([z.string(), z.array(z.unknown())])]).rest(z.unknown())
const InputSpecs = z.record(z.string(), InputSpec.catch(['UNKNOWN']))
const NodeClass = z.looseObject({
  input: z.looseObject({ required: InputSpecs.catch({}), optional: InputSpecs.catch({}) }).partial(),
})
const ObjectInfo = z.record(z.string(), NodeClass)
export type NodeClass = z.infer<typeof NodeClass>

const NumberOptions = z.looseObject({
  default: z.union([z.number(), z.string(), z.boolean()]).optional().catch(undefined),
  min: z.number().optional().catch(undefined),
  max: z.number().optional().catch(undefined),
  step: z.number().positive().optional().catch(undefined),
  tooltip: z.string().optional().catch(undefined),
  options: z.array(z.unknown()).optional().catch(undefined),
  multiline: z.boolean().optional().catch(undefined),
})

const MAX_CLASS_BYTES = 4_000_000
const MAX_TEXT = 1_000
const CONCURRENCY = 6

/**
 * Reads the descriptions of node classes. Those that the server does not have are missing in the result.
 *
 * @throws ProviderError
 */
export async function readNodeClasses(
  client: HttpClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, NodeClass>> {
  const classes = new Map<string, NodeClass>()
  const left = [...new Set(names)]
  const readNext = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const found = await readNodeClass(client, name, signal)
      if (found) classes.set(name, found)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, readNext))
  return classes
}

async function readNodeClass(client: HttpClient, name: string, signal: AbortSignal): Promise<NodeClass | undefined> {
  const path = `/object_info/${encodeURIComponent(name)}`
  const request: HttpRequest = { method: 'GET', path, signal, failureIfUnanswered: 'retryable' }
  const body = await readJson(await sendRequest(client, request), request, MAX_CLASS_BYTES)
  const { data } = ObjectInfo.safeParse(body)
  if (!data) throw createMisbehavedError('retryable')
  return Object.hasOwn(data, name) ? data[name] : undefined
}

/** Returns the choices of an input; undefined if it has none. The name of a file that is not UTF-8 is none: it cannot be stored. */
export function getChoices(node: NodeClass, input: string): (string | number)[] | undefined {
  const spec = getSpec(node, input)
  if (spec === undefined) return undefined
  const choices = Array.isArray(spec[0]) ? spec[0] : spec[0] === 'COMBO' ? getOptions(spec).options : undefined
  return choices?.filter(isChoice)
}

function isChoice(choice: unknown): choice is string | number {
  return typeof choice === 'string' ? isStorable(choice) : typeof choice === 'number'
}

/** Returns an input as a setting of a model, with its value in the workflow as default; undefined if it cannot be one. */
export function toSetting(
  node: NodeClass,
  input: string,
  { value, order }: { value: unknown; order: number },
): Setting | undefined {
  const spec = getSpec(node, input)
  if (spec === undefined) return undefined
  const options = getOptions(spec)
  const common = { title: toTitle(input), 'x-order': order, ...toDescription(options.tooltip) }
  const choices = getChoices(node, input)
  if (choices !== undefined) return createChoice(choices, value, common)
  if (spec[0] === 'BOOLEAN')
    return { type: 'boolean', ...common, ...(typeof value === 'boolean' && { default: value }) }
  if (spec[0] === 'STRING')
    return { type: 'string', maxLength: MAX_TEXT, ...common, ...(typeof value === 'string' && { default: value }) }
  if (spec[0] !== 'INT' && spec[0] !== 'FLOAT') return undefined
  const type = spec[0] === 'INT' ? 'integer' : 'number'
  const { min, max } = options
  const limits = {
    ...(min !== undefined && { minimum: Math.max(min, Number.MIN_SAFE_INTEGER) }),
    ...(max !== undefined && { maximum: Math.min(max, Number.MAX_SAFE_INTEGER) }),
  }
  return { type, ...common, ...limits, ...(typeof value === 'number' && { default: value }) }
}

/** Returns the largest value of a number; undefined if the server names none. */
export function getMaximum(node: NodeClass, input: string): number | undefined {
  const spec = getSpec(node, input)
  return spec && getOptions(spec).max
}

function createChoice(
  choices: readonly (string | number)[],
  value: unknown,
  common: Pick<Setting, 'title'>,
): Setting | undefined {
  const [first] = choices
  if (first === undefined) return undefined
  const isKnown = choices.some(choice => choice === value)
  return {
    type: typeof first === 'number' ? 'number' : 'string',
    enum: [...choices],
    ...common,
    default: isKnown ? (value as string | number) : first,
  }
}

function getSpec({ input }: NodeClass, name: string): z.infer<typeof InputSpec> | undefined {
  return input.required?.[name] ?? input.optional?.[name]
}

function getOptions(spec: z.infer<typeof InputSpec>): z.infer<typeof NumberOptions> {
  return NumberOptions.safeParse(spec[1] ?? {}).data ?? {}
}

/** Returns the title of an input: `sampler_name` is Sampler name. */
function toTitle(input: string): string {
  const words = toStorableText(input.replaceAll('_', ' ').trim(), 100)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function toDescription(tooltip: string | undefined): { description?: string } {
  return tooltip === undefined || tooltip === '' ? {} : { description: toStorableText(tooltip, 300) }
}
