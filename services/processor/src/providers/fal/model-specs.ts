import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Operation } from '@darkroom/contracts/model'
import { CATALOGUE } from './catalogue.ts'
import type { FalModel, FalRoute } from './fal-model.ts'
import type { InputSchema } from './input-schema.ts'
import type { ListedEndpoint } from './platform.ts'
import { OUTPUT_SECONDS } from './result-outputs.ts'
import { createSchemaDurations, createSchemaSizes, isCommonField } from './schema-options.ts'
import { createSchemaSettings } from './schema-settings.ts'
import { toPrice, type UnitPrice } from './unit-price.ts'

/** The range of a seed, where fal does not state it: that of a signed number of 32 bits. [U] */
const SEED = { min: 0, max: 2_147_483_647 }

/**
 * Returns the models of the catalogue, with the options and prices that fal lists. One that fal does not know any more is left out, and so
 * is one that has come to need a field that the studio does not send.
 *
 * @param listed undefined where fal does not list its endpoints: then all of the catalogue, as it is
 */
export function createModelSpecs(
  connection: string,
  prices: ReadonlyMap<string, UnitPrice>,
  listed: ReadonlyMap<string, ListedEndpoint> | undefined,
): ModelSpec[] {
  return Object.entries(CATALOGUE).flatMap(([id, model]) => {
    const known = listed ? withListed(model, listed) : { model, inputs: [], isDeprecated: false }
    if (!known) return []
    const spec = createSpec(`${connection}/${id}`, connection, known)
    return [{ ...spec, price: toPrice(known.model, prices) }]
  })
}

interface KnownModel {
  /** Its routes are those that fal offers. */
  model: FalModel
  inputs: readonly InputSchema[]
  isDeprecated: boolean
}

function withListed(model: FalModel, listed: ReadonlyMap<string, ListedEndpoint>): KnownModel | undefined {
  const routes = Object.entries(model.routes).filter(([, route]) => {
    const found = listed.get(route.endpoint)
    return found !== undefined && takesSubmissions(model, route, found.input)
  })
  if (routes.length === 0) return undefined
  const found = routes.flatMap(([, { endpoint }]) => listed.get(endpoint) ?? [])
  // A field is known to be common only where each endpoint has a schema.
  const inputs = found.flatMap(({ input }) => input ?? [])
  return {
    model: { ...model, routes: Object.fromEntries(routes) },
    inputs: inputs.length === found.length ? inputs : [],
    isDeprecated: found.some(({ isDeprecated }) => isDeprecated),
  }
}

/** Returns whether a submission to a route has each field that its endpoint needs. */
function takesSubmissions(model: FalModel, route: FalRoute, input: InputSchema | undefined): boolean {
  const sent = ['prompt', route.image, route.images, route.lastImage, route.mask]
  if (model.seed) sent.push('seed')
  if (model.durations.length > 0) sent.push('duration')
  return (input?.required ?? []).every(name => sent.includes(name))
}

function createSpec(id: string, connection: string, { model, inputs, isDeprecated }: KnownModel): ModelSpec {
  const hasSchema = inputs.length > 0
  const notes = [model.note, isDeprecated ? 'fal has marked it as outdated: it may go soon.' : null]
  return {
    id,
    name: model.name,
    connection,
    kind: model.kind,
    note: notes.filter(note => note !== null).join(' ') || null,
    operations: listOperations(model),
    sizes: createSchemaSizes(model, inputs),
    durations: [...createSchemaDurations(model, inputs)],
    maxOutputs: LIMITS.outputs,
    outputsPerCall: 1,
    inputs: listInputs(model),
    mask: model.routes.inpaint ? 'white-is-edit' : 'none',
    promptCharacters: 10_000,
    seed: model.seed && isCommonField(inputs, 'seed') ? SEED : null,
    negativePrompt: model.negativePrompt && isCommonField(inputs, 'negative_prompt'),
    settings: hasSchema ? createSchemaSettings(inputs) : { ...model.settings },
    price: { kind: 'unknown' },
    answers: 'job',
    resume: 'by-id',
    cancel: 'if-not-begun',
    previews: false,
    progress: model.progress,
    outputSeconds: OUTPUT_SECONDS,
    retiresAt: null,
    source: 'catalogue',
    estimatedSeconds: model.estimatedSeconds,
    // One output a call: further ones are made side by side, as far as the account allows.
    estimatedSecondsEach: model.kind === 'video' ? 30 : 3,
    maxSeconds: model.maxSeconds,
  }
}

function listOperations({ routes }: FalModel): Operation[] {
  const operations = (['generate', 'edit', 'inpaint', 'animate'] as const).filter(name => routes[name])
  return operations.length > 0 ? operations : ['animate']
}

/** Largest input image: Veo takes 8 MB [D], the others do not state it. As a data URL it is a third larger. */
const MAX_IMAGE_BYTES = 8_000_000

function listInputs({ routes, maxImages }: FalModel): ModelInput[] {
  const input = {
    maxBytes: MAX_IMAGE_BYTES,
    types: ['image/png', 'image/jpeg', 'image/webp'],
    needsPublicUrl: false,
  }
  const least = routes.generate ? 0 : 1
  const last = routes.between ?? (routes.animate?.lastImage ? routes.animate : undefined)
  return [
    ...(routes.edit ? [{ ...input, role: 'reference' as const, min: least, max: maxImages }] : []),
    ...(routes.inpaint
      ? [
          { ...input, role: 'reference' as const, min: 1, max: 1 },
          { ...input, role: 'mask' as const, min: 1, max: 1, types: ['image/png'] },
        ]
      : []),
    ...(routes.animate ? [{ ...input, role: 'first-frame' as const, min: least, max: 1 }] : []),
    ...(last ? [{ ...input, role: 'last-frame' as const, min: 0, max: 1 }] : []),
  ]
}
