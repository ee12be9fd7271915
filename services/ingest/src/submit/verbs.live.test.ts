import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { toModel } from '@darkroom/contracts/model-fields'
import { Problem } from '@darkroom/contracts/problem'
import { type Reference, References } from '@darkroom/contracts/reference'
import { transaction } from '@darkroom/infra/database/transaction'
import { purgeLocked } from '@darkroom/infra/generations/purge'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import sharp from 'sharp'
import { writeGeneration } from '../actions/generation.fixture.ts'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

const INPUT = { min: 0, max: 1, maxBytes: null, types: [], needsPublicUrl: false }
const stack = new AsyncDisposableStack()
let ingest: TestIngest
let parentId: string
let images: string[]

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
  const models = [
    createTestModel({
      ...{ id: 'studio', name: 'Studio', connection: 'demo', mask: 'white-is-edit' },
      operations: ['generate', 'edit', 'inpaint', 'upscale'],
      inputs: [
        { ...INPUT, role: 'source' },
        { ...INPUT, role: 'mask' },
        { ...INPUT, role: 'reference', max: 2 },
      ],
    }),
    createTestModel({
      ...{ id: 'enlarger', name: 'Enlarger', connection: 'demo', operations: ['upscale'] },
      sizes: { kind: 'scale', factor: 2, maxSide: 90, maxPixels: 5_000_000, auto: true },
      inputs: [{ ...INPUT, min: 1, role: 'source' }],
    }),
    createTestModel({ id: 'plain', name: 'Plain', connection: 'demo' }),
  ]
  for (const model of models)
    await ingest.sql`insert into models (id, provider, position, capability) values (${model.id}, 'demo', 1, ${ingest.sql.json(toModel(model))})`
  const { workspaceId } = ingest.owner
  parentId = await writeGeneration(ingest.sql, { workspaceId, status: 'completed', outputs: ['stored', 'stored'] })
  images = (await upload('red', 'blue')).map(reference => reference.id ?? '')
})
afterAll(() => stack.disposeAsync())

test('refuses a verb that the model cannot do, and names what it can', async () => {
  const [source = '', mask = ''] = images
  const [edited, masked] = [
    { referenceImages: [source], referenceRoles: ['source'] },
    { referenceImages: [source, mask], referenceRoles: ['source', 'mask'] },
  ]
  const submissions: [string, string, object, RegExp | null][] = [
    ['studio', 'edit', edited, null],
    ['studio', 'change-part', masked, null],
    ['studio', 'upscale', edited, null],
    ['studio', 'vary', edited, null],
    ['studio', 'again', {}, null],
    ['studio', 'reference', { referenceImages: [source] }, null],
    ['studio', 'from-a-later-version', {}, null],
    ['demo', 'vary', edited, null],
    ['demo', 'edit', edited, null],
    ['plain', 'again', {}, null],
    ['plain', 'reference', {}, null],
    [
      'studio',
      'remove-background',
      edited,
      /^parent.verb is remove-background, .* It can generate, edit, inpaint, upscale\.$/,
    ],
    ['studio', 'animate', edited, /parent.verb is animate/],
    ['demo', 'change-part', masked, /parent.verb is change-part|cannot have a mask/],
    ['plain', 'vary', {}, /parent.verb is vary, .* It can generate\.$/],
    ['studio', 'edit', {}, /must have the image that is to be changed/],
    ['studio', 'change-part', edited, /must have a mask of the part/],
  ]
  for (const [model, verb, inputs, refusal] of submissions) {
    const response = await submit({ model, ...inputs, parent: { generationId: parentId, outputIndex: 0, verb } })
    const body: unknown = await response.json()
    expect([model, verb, response.status, body]).toEqual([model, verb, refusal ? 422 : 202, body])
    if (refusal) expect(Problem.parse(body).detail).toMatch(refusal)
    else expect(Generation.parse(body).parent).toEqual({ generationId: parentId, outputIndex: 0, verb })
  }
})

test('reserves a multiple of the size of the image that is enlarged, and refuses one that would become too large', async () => {
  const parent = { generationId: parentId, outputIndex: 0, verb: 'upscale' }
  const enlarge = (referenceImages: string[], resolution: number | string = 'auto') =>
    submit({
      model: 'enlarger',
      referenceImages,
      referenceRoles: referenceImages.map(() => 'source'),
      parameters: { resolution },
      parent,
    })
  const [small = ''] = images
  const { outputs } = Generation.parse(await (await enlarge([small])).json())
  expect(outputs).toMatchObject([{ width: 80, height: 60 }])
  const [large] = await uploadFiles(await paint('grey', { width: 50, height: 30 }))
  const before = await countGenerations()
  for (const [response, detail] of [
    [
      await enlarge([large?.id ?? '']),
      'referenceImages is 50x30, which would become 100x60: this model makes at most 5.0 megapixels, 90 pixels a side',
    ],
    [await enlarge([small], 1_024), 'parameters.resolution can be auto'],
    [await enlarge([]), 'referenceImages must have a source with this model'],
  ] as const) {
    expect(response.status).toBe(422)
    expect(Problem.parse(await response.json()).detail).toContain(detail)
  }
  expect(await countGenerations()).toBe(before)
})

test('a submission that names no model is made by one that generates', async () => {
  await ingest.sql`
    insert into connections (id, kind, name, source) values ('local', 'local', 'This machine', 'stored')`
  await ingest.sql`update models set provider = 'local' where id = 'enlarger'`
  const response = await ingest.request('POST', '/api/generate', { prompt: 'a heron' })
  expect(Generation.parse(await response.json()).model).toBe('demo')
})

test('goes on from outputs of its own workspace, from the trash as well, and not from purged ones', async () => {
  const { workspaceId } = ingest.owner
  const write = (outputs: ['stored', 'stored'], of = workspaceId) =>
    writeGeneration(ingest.sql, { workspaceId: of, status: 'completed', outputs })
  const [trashed, foreign, purged] = [
    await write(['stored', 'stored']),
    await write(['stored', 'stored'], crypto.randomUUID()),
    await write(['stored', 'stored']),
  ]
  await ingest.request('DELETE', `/api/generate/${trashed}`)
  await ingest.request('DELETE', `/api/generate/${purged}/outputs/0`)
  const again = (generationId: string, outputIndex: number, clientId = crypto.randomUUID()) =>
    submit({ clientId, parent: { generationId, outputIndex, verb: 'again' } })
  const clientId = crypto.randomUUID()
  expect((await again(trashed, 1)).status).toBe(202)
  expect((await again(purged, 0, clientId)).status).toBe(202)
  await ingest.sql`update generation_outputs set deleted_from = null where generation_id = ${purged} and state = 'deleted'`
  // What was accepted once stays accepted.
  expect((await again(purged, 0, clientId)).status).toBe(200)
  const before = await countGenerations()
  for (const [id, index] of [
    [purged, 0],
    [foreign, 0],
    [parentId, 2],
    [crypto.randomUUID(), 0],
    [parentId, 1e15],
    [parentId, 2 ** 31],
  ] as const) {
    const response = await again(id, index)
    expect(response.status).toBe(422)
    expect(Problem.parse(await response.json()).detail).toMatch(/^parent(.outputIndex)? /)
  }
  expect(await countGenerations()).toBe(before)
})

test('what goes on from an output still says so when that is purged, and is accepted again', async () => {
  const { workspaceId } = ingest.owner
  const parent = await writeGeneration(ingest.sql, { workspaceId, status: 'completed', outputs: ['stored'] })
  const body = {
    clientId: crypto.randomUUID(),
    parent: { generationId: parent.toUpperCase(), outputIndex: 0, verb: 'again' },
  }
  const child = Generation.parse(await (await submit(body)).json())
  await transaction(ingest.sql, tx => purgeLocked(tx, [{ id: parent, workspaceId }]))
  const repeated = await submit(body)
  expect(repeated.status).toBe(200)
  expect(await repeated.json()).toMatchObject({
    id: child.id,
    parent: { generationId: parent, outputIndex: 0, verb: 'again' },
  })
  expect(
    await ingest.sql`select parent_generation_id as key, parent_verb as verb from generations where id = ${child.id}`,
  ).toMatchObject([{ key: null, verb: 'again' }])
  expect((await submit({ ...body, clientId: crypto.randomUUID() })).status).toBe(422)
})

test('the same image in the same role is one input, however it is sent; in another role it is another', async () => {
  const [red = '', blue = ''] = images
  const png = `data:image/png;base64,${(await paint('red')).toString('base64')}`
  const submissions: [string, string[], string[], [string, string][]][] = [
    [
      'demo',
      [red, red, blue, red],
      [],
      [
        [red, 'reference'],
        [blue, 'reference'],
      ],
    ],
    ['demo', [red, png], [], [[red, 'reference']]],
    [
      'studio',
      [red, red, png],
      ['source', 'reference', 'reference'],
      [
        [red, 'source'],
        [red, 'reference'],
      ],
    ],
    [
      'studio',
      [red, red, red, blue],
      ['source', 'source', 'mask'],
      [
        [red, 'source'],
        [red, 'mask'],
        [blue, 'reference'],
      ],
    ],
  ]
  for (const [model, referenceImages, referenceRoles, expected] of submissions) {
    const response = await submit({ model, referenceImages, referenceRoles })
    const { references, ...generation } = Generation.parse(await response.json())
    expect(references.map(({ id, role }) => [id, role])).toEqual(expected)
    expect(generation.parameters.referenceImages).toHaveLength(expected.length)
  }
  const surplus = await submit({ referenceImages: [red], referenceRoles: ['reference', 'reference'] })
  expect([surplus.status, Problem.parse(await surplus.json()).detail]).toEqual([
    422,
    expect.stringMatching(/^referenceRoles/),
  ])
})

test('the same file twice in an upload, and in two, is one reference', async () => {
  const [first, second, third] = [...(await upload('green', 'green')), ...(await upload('green'))]
  expect([second, third]).toEqual([first, first])
})

async function countGenerations(): Promise<number> {
  const [row] = await ingest.sql<{ count: number }[]>`select count(*)::int as count from generations`
  return row?.count ?? -1
}

async function submit(body: object): Promise<Response> {
  return await ingest.request('POST', '/api/generate', { prompt: 'a heron', model: 'demo', ...body })
}

async function upload(...colours: string[]): Promise<Reference[]> {
  return await uploadFiles(...(await Promise.all(colours.map(colour => paint(colour)))))
}

async function uploadFiles(...files: Uint8Array[]): Promise<Reference[]> {
  const form = new FormData()
  for (const file of files) form.append('file', new Blob([new Uint8Array(file)]), 'a.png')
  const response = await ingest.send(new Request('http://localhost/api/references', { method: 'POST', body: form }))
  expect(response.status).toBe(201)
  return References.parse(await response.json())
}

async function paint(background: string, size = { width: 40, height: 30 }): Promise<Buffer> {
  return await sharp({ create: { ...size, channels: 3, background } })
    .png()
    .toBuffer()
}
