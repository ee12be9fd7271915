import { toStorableText } from '@darkroom/contracts/parameters'
import { toMicros } from '@darkroom/contracts/price'
import { z } from 'zod'
import { createNotApiError } from './identify-server.ts'
import { findPage, queryPage } from './query-page.ts'
import { UNNAMED_MODEL } from './request-body.ts'
import type { ResolvedDialect } from './resolve-dialect.ts'
import type { ServerClients } from './server-clients.ts'
import type { ListedModel } from './server-preset.ts'

const MAX_TITLE_CHARACTERS = 100

const optionalText = z.string().optional().catch(undefined)
/** The name of a model: a control character, or half a character, is in none. */
const modelName = z
  .string()
  .max(150)
  .regex(/^\P{C}+$/u)
/** The day on which a model is switched off: `2026-12-01`, a time, or seconds since 1970. Anything else is not one. */
const shutdownDay = z
  .union([
    z.string().regex(/^\d{4}-\d{2}-\d{2}/),
    z
      .int()
      .min(1_500_000_000)
      .max(9_999_999_999)
      .transform(seconds => new Date(seconds * 1_000).toISOString()),
  ])
  .transform(text => text.slice(0, 10))
  .nullish()
  .catch(undefined)
const modalities = z.array(z.string()).optional().catch(undefined)
const Listed = z.looseObject({
  id: modelName,
  name: optionalText,
  display_name: optionalText,
  type: optionalText,
  /** OpenAI and those that follow it; OpenRouter. */
  shutdown_date: shutdownDay,
  expiration_date: shutdownDay,
  architecture: z
    .looseObject({ input_modalities: modalities, output_modalities: modalities })
    .optional()
    .catch(undefined),
})
type ListedItem = z.infer<typeof Listed>

const Proxied = z.looseObject({
  model_name: modelName,
  model_info: z.looseObject({
    mode: optionalText,
    // 0 stands where it is priced otherwise, as by pixels or tokens: what counts as free is made again, and under no budget.
    output_cost_per_image: z.number().positive().optional().catch(undefined),
  }),
})

/** Names of models that make images. Servers of several kinds of models list them all. */
const IMAGE_NAMES =
  /image|dall-?e|flux|diffusion|sd[-_]?(xl|cpp|[123]\b|1\.5)|kontext|hidream|kolors|playground|recraft|ideogram|seedream|pixart|kandinsky|cogview|lumina|omnigen|dreamshaper|juggernaut|banana/i
/** Up to this number, the models of a server that names none for images are offered all: they may have names of their own. */
const MAX_UNKNOWN_MODELS = 12
const MAX_MODELS = 200

/** Lists the models of a server that make images. @throws ProviderError */
export async function discoverModels(
  clients: ServerClients,
  dialect: ResolvedDialect,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  if (dialect.models) return dialect.models
  if (dialect.preset.models.length > 0) return dialect.preset.models
  const proxied = dialect.server === 'litellm' ? await listProxied(clients, signal) : []
  if (proxied.length > 0) return proxied
  const page = await queryPage(clients.api, dialect.fields.modelsPath, signal)
  if (page.kind === 'not-api') throw createNotApiError()
  if (page.kind === 'absent') return [{ name: null, title: dialect.preset.name }]
  const items = readItems(page.body)
  const today = new Date().toISOString().slice(0, 10)
  const models = selectImageModels(items, dialect).slice(0, MAX_MODELS).map(toListedModel)
  return models.filter(({ retiresAt = null }) => retiresAt === null || retiresAt > today)
}

/** Returns the id of a model within its connection. */
export function toModelKey({ name }: ListedModel): string {
  return name ?? UNNAMED_MODEL
}

/** Returns the readable entries of a list, which may be a bare array. Others may be of a newer kind, and are left out. */
function readItems(body: unknown): ListedItem[] {
  const list = Array.isArray(body)
    ? body
    : (z.looseObject({ data: z.array(z.unknown()) }).safeParse(body).data?.data ?? [])
  return list.flatMap(item => Listed.safeParse(item).data ?? [])
}

function selectImageModels(items: readonly ListedItem[], { server }: ResolvedDialect): readonly ListedItem[] {
  if (server === 'sd-cpp' || server === 'vllm-omni') return items
  const described = items.filter(
    ({ type, architecture }) => type === 'image' || architecture?.output_modalities?.includes('image'),
  )
  if (described.length > 0) return described
  const named = items.filter(({ id }) => IMAGE_NAMES.test(id))
  return named.length > 0 || items.length > MAX_UNKNOWN_MODELS ? named : items
}

function toListedModel({ id, name, display_name, architecture, ...dates }: ListedItem): ListedModel {
  const inputs = architecture?.input_modalities
  const retiresAt = dates.shutdown_date ?? dates.expiration_date
  return {
    name: id,
    title: toStorableText(display_name ?? name ?? id, MAX_TITLE_CHARACTERS),
    ...(inputs && { takesReferences: inputs.includes('image') }),
    ...(retiresAt && { retiresAt }),
  }
}

async function listProxied({ api }: ServerClients, signal: AbortSignal): Promise<ListedModel[]> {
  const body = await findPage(api, '/model/info', signal)
  const list = z.looseObject({ data: z.array(z.unknown()) }).safeParse(body).data?.data ?? []
  const models = list.flatMap(item => Proxied.safeParse(item).data ?? [])
  const images = models.filter(({ model_info: { mode } }) => mode === 'image_generation' || mode === 'image_edit')
  const names = new Map(images.map(({ model_name: name, model_info: { output_cost_per_image: cost } }) => [name, cost]))
  return [...names].map(([name, cost]) => ({
    name,
    title: toStorableText(name, MAX_TITLE_CHARACTERS),
    ...(cost !== undefined && { outputMicros: toMicros(cost) }),
  }))
}
