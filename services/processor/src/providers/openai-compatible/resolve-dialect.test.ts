import { expect, test } from 'bun:test'
import { Dialect } from '@darkroom/contracts/connection'
import { COMPATIBLE_SERVERS } from '@darkroom/contracts/connection-kinds'
import fc from 'fast-check'
import { createClassifier } from './classify-refusal.ts'
import { resolveDialect } from './resolve-dialect.ts'
import { findServerByHost, resolveAddress } from './server-address.ts'
import { PRESETS } from './server-presets.ts'

const path = fc.constantFrom('/images', '/images/generations', '/paint/edits')
const dialects = fc.record(
  {
    sendsModel: fc.boolean(),
    responseFormat: fc.constantFrom('none', 'b64_json', 'base64', 'url'),
    references: fc.constantFrom('none', 'multipart', 'image-url', 'json-images', 'input-references'),
    takesMask: fc.boolean(),
    sizeStyle: fc.constantFrom('size', 'width-height', 'aspect-ratio', 'none'),
    generatePath: path,
    editPath: path,
    modelsPath: path,
    takesSeed: fc.boolean(),
    takesNegativePrompt: fc.boolean(),
    takesSteps: fc.boolean(),
    outputMicros: fc.nat(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Dialect>

test('each field is what the user set, else what was found, else what the server is known for', () => {
  const server = fc.constantFrom(...COMPATIBLE_SERVERS)
  fc.assert(
    fc.property(server, dialects, dialects, (server, user, found) => {
      const { fields, outputMicros, ...resolved } = resolveDialect({ user, found: { ...found, server }, server: null })
      expect(resolved).toMatchObject({ server, preset: PRESETS[server], models: null })
      expect(outputMicros).toBe(user.outputMicros ?? found.outputMicros ?? null)
      for (const [name, known] of Object.entries(PRESETS[server].fields)) {
        const field = name as keyof typeof fields
        const references = user.references ?? found.references
        const isInline = references === 'image-url' || references === 'input-references'
        const fallback = field === 'editPath' && isInline ? fields.generatePath : known
        expect(fields[field]).toBe(user[field] ?? found[field] ?? fallback)
      }
      expect(Dialect.safeParse({ ...fields, server }).success).toBe(true)
    }),
  )
})

test('a server that the user names is not given what was found of another', () => {
  const found: Dialect = { server: 'localai', references: 'image-url', takesSeed: false }
  const { server, fields } = resolveDialect({ user: { server: 'sd-cpp', models: [] }, found, server: 'xai' })
  expect([server, fields]).toEqual(['sd-cpp', PRESETS['sd-cpp'].fields])
})

test('sizes follow the way in which they are sent', () => {
  const kinds = (['size', 'width-height', 'aspect-ratio', 'none'] as const).map(
    sizeStyle => resolveDialect({ user: { sizeStyle }, found: null, server: 'localai' }).sizes.kind,
  )
  expect(kinds).toEqual(['grid', 'grid', 'ratio', 'list'])
})

test.each([
  ['http://host:8080', '/v1', 'http://host:8080/v1', 'http://host:8080'],
  ['http://host:8080/', '/v1', 'http://host:8080/v1', 'http://host:8080'],
  ['http://host:8080/v1/', '/v1', 'http://host:8080/v1', 'http://host:8080'],
  ['https://host/llm', '/v1', 'https://host/llm/v1', 'https://host/llm'],
  ['https://host/llm/v1beta', '/v1', 'https://host/llm/v1beta', 'https://host/llm'],
  ['https://openrouter.ai', '/api/v1', 'https://openrouter.ai/api/v1', 'https://openrouter.ai'],
  ['https://openrouter.ai/api', '/api/v1', 'https://openrouter.ai/api/v1', 'https://openrouter.ai/api'],
  ['https://openrouter.ai/api/v1', '/api/v1', 'https://openrouter.ai/api/v1', 'https://openrouter.ai/api'],
] as const)('%s with the prefix %s: its API is %s', (baseUrl, prefix, api, root) => {
  expect(resolveAddress(baseUrl, { prefix })).toMatchObject({ api, root })
})

test('services are known by their host alone', () => {
  const urls = [
    'https://api.together.xyz/v1',
    'https://api.x.ai',
    'https://external.api.recraft.ai/v1',
    'https://openrouter.ai',
  ]
  expect(urls.map(findServerByHost)).toEqual(['together', 'xai', 'recraft', 'openrouter'])
  expect(findServerByHost('https://api.x.ai.example/v1')).toBeNull()
})

test.each([
  ['a field that it points at', { error: { message: 'bad', param: 'size' } }, 'setting_refused', /“size”/],
  [
    'one in a list of places',
    { detail: [{ loc: ['body', 'seed'], msg: 'extra' }] },
    'setting_refused',
    /“seed”.*“Takes a seed”/,
  ],
  [
    'one in quotes, in a sentence about the model',
    { error: 'This model has no "response_format"' },
    'setting_refused',
    /“response_format”/,
  ],
  ['a reference', { message: "Unsupported: 'image'" }, 'reference_refused', /“References”/],
  ['a reference by its number', { error: { message: 'bad', param: 'image[0]' } }, 'reference_refused', /“References”/],
  ['the model', { error: { message: 'no such model', param: 'model' } }, 'model_unknown', /this model/],
  ['only a sentence', 'the model is too small for this image', 'provider_refused', /It says: “the model is too small/],
  ['a field that was not sent', { error: { message: 'bad', param: 'quality' } }, 'provider_refused', /refused \(400\)/],
  ['content', { error: { message: 'no', code: 'moderation_blocked' } }, 'content_refused', /prompt or a picture/],
  ['money', { error: { message: 'no', type: 'insufficient_quota' } }, 'payment_required', undefined],
  ['HTML', '<html>nginx</html>', 'provider_refused', /^The server refused \(400\)\.$/],
] as const)('an error that names %s', (_, body, code, message) => {
  const fields = ['prompt', 'model', 'size', 'seed', 'response_format', 'image[]']
  const classified = createClassifier({ fields, hasKey: true })({ status: 400, headers: new Headers(), body })
  expect(classified?.code).toBe(code)
  if (message) expect(classified?.message).toMatch(message)
})
