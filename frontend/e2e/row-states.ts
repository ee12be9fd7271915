import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { Page } from 'playwright-core'

/** Ratios of the images, by the first letter of a file's name. */
const SIZES = { s: [1024, 1024], w: [1536, 1024], t: [832, 1216], p: [2016, 864] } as const
type Shape = keyof typeof SIZES

const PARENT_ID = '01930000-0000-7000-8000-00000000ffff'

let generationCount = 0
let outputCount = 0

const LONG_PROMPT =
  'an old diving helmet as a design object, glazed ceramic, studio light, plain backdrop, the glass reflects a window and a ' +
  'tree behind it, shot on a large format camera with a long lens, the colours of a faded print, dust on the rim, a hairline ' +
  'crack that runs from the bolt to the collar, the plinth slightly out of level, and a label that nobody can read any more'

const REFERENCE = {
  id: '01930000-0000-7000-8000-00000000aaaa',
  url: '/media/w/1/ref/s-1.png',
  previewUrl: '/media/w/1/ref/s-1.w960.webp',
  width: 1024,
  height: 1024,
}

const PENDING = { state: 'pending', url: null, previewUrl: null, placeholder: null } as const
const WAITING = { status: 'processing', completedAt: null, estimatedSeconds: 40 } as const

/** Generations in every state that a row has, the newest last. */
export const ROW_STATES: readonly Generation[] = [
  build('ten panoramas', { outputs: outputs('p', 10) }),
  build(LONG_PROMPT, { outputs: outputs('s', 4), cost: money(0.16, false) }),
  build('خوذة غوص قديمة كقطعة تصميم، خزف مزجج، إضاءة استوديو', { outputs: outputs('t', 3), cost: money(0.12, true) }),
  build('with eight references, two of them cats', {
    outputs: outputs('w', 2),
    references: Array.from({ length: 8 }, () => REFERENCE),
    cost: money(0.08, false),
  }),
  build('the same chair in signal red', {
    outputs: outputs('s', 4),
    parent: { generationId: PARENT_ID, outputIndex: 0, verb: 'change-part' },
  }),
  build('portrait of the mayor as a Flemish merchant', {
    status: 'failed',
    outputs: outputs('t', 2, { state: 'failed', url: null, previewUrl: null }),
    error: { code: 'content_refused', message: 'OpenAI says it may break its rules on real people.' },
    cost: money(0, false),
  }),
  build('three lakes, slow pan, morning', {
    kind: 'video',
    parameters: { aspectRatio: '3:2', duration: 5 },
    outputs: [
      ...outputs('w', 1, { kind: 'video', duration: 5 }),
      ...outputs('w', 1, { kind: 'video', duration: 5, previewUrl: null }),
      ...outputs('w', 1, { kind: 'video', duration: 5, state: 'temporary', expiresAt: inMinutes(42) }),
    ],
    cost: money(6, false),
  }),
  build('a set with gaps', {
    outputs: [
      ...outputs('s', 1, { favourite: true }),
      ...outputs('s', 1, { state: 'deleted', url: null, previewUrl: null }),
      ...outputs('s', 2, {
        state: 'failed',
        url: null,
        previewUrl: null,
        error: { code: 'output_refused', message: 'The provider refused this one.' },
      }),
      ...outputs('s', 1, { state: 'lost', previewUrl: null }),
    ],
    cost: money(0.16, true),
  }),
  build('mixed shapes', { outputs: [...outputs('w', 1), ...outputs('t', 1), ...outputs('s', 1)] }),
  build('one square', { outputs: outputs('s', 1) }),
  build('a lighthouse in the queue of its provider', {
    ...WAITING,
    waiting: { reason: 'provider-queue', until: null, position: 3 },
    startedAt: new Date(Date.now() - 600_000).toISOString(),
    outputs: outputs('s', 4, PENDING),
  }),
  build('a paper boat for which its connection has no capacity', {
    ...WAITING,
    status: 'queued',
    waiting: { reason: 'connection-full', until: null },
    startedAt: null,
    outputs: outputs('w', 2, PENDING),
  }),
  build('one dahlia from above, late summer, botanical plate', {
    status: 'processing',
    completedAt: null,
    estimatedSeconds: 40,
    startedAt: new Date(Date.now() - 8_000).toISOString(),
    outputs: [...outputs('t', 2), ...outputs('t', 2, PENDING)],
  }),
]

/** Serves the states instead of the studio's own generations, and images for them. @param broken paths that are not served */
export async function serveRowStates(page: Page, broken: RegExp = /never/): Promise<void> {
  const body = { generations: ROW_STATES.toReversed(), nextCursor: null, previousCursor: null }
  await page.route(/\/api\/generations(\?|$)/, route => route.fulfill({ json: body }))
  const parent = { ...ROW_STATES[1], id: PARENT_ID }
  await page.route(`**/api/generations/${PARENT_ID}`, route => route.fulfill({ json: parent }))
  await page.route(/\/media\//, async route => {
    const path = new URL(route.request().url()).pathname
    if (broken.test(path)) return await route.fulfill({ status: 404, body: '' })
    await route.fulfill({ contentType: 'image/svg+xml', body: draw(path) })
  })
}

function draw(path: string): string {
  const [, shape = 's', number = '0'] = /([swtp])-(\d+)/.exec(path) ?? []
  const [width, height] = SIZES[shape as Shape]
  const hue = (Number(number) * 67) % 360
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
    <linearGradient id="g" x2="0" y2="1"><stop stop-color="hsl(${hue} 30% 62%)"/><stop offset="1" stop-color="hsl(${hue + 40} 40% 22%)"/></linearGradient>
    <rect width="100%" height="100%" fill="url(#g)"/><circle cx="50%" cy="62%" r="${height / 4}" fill="hsl(${hue + 180} 35% 70%)"/></svg>`
}

function build(prompt: string, fields: Partial<Generation> & { outputs: Output[] }): Generation {
  generationCount += 1
  const digits = String(generationCount).padStart(12, '0')
  const createdAt = new Date(Date.now() - (40 - generationCount) * 60_000).toISOString()
  return {
    id: `01930000-0000-7000-8000-${digits}`,
    clientId: `00000000-0000-4000-8000-${digits}`,
    version: 1,
    status: 'completed',
    prompt,
    model: 'demo',
    kind: 'image',
    parameters: { aspectRatio: '1:1', numOutputs: fields.outputs.length },
    references: [],
    error: null,
    waiting: null,
    parent: null,
    cost: null,
    favourite: false,
    attempt: 1,
    progress: null,
    estimatedSeconds: 9,
    createdAt,
    startedAt: createdAt,
    completedAt: new Date(Date.parse(createdAt) + 8_400).toISOString(),
    deletedAt: null,
    ...fields,
    outputs: fields.outputs.map((output, index) => ({ ...output, index })),
  }
}

function outputs(shape: Shape, count: number, fields: Partial<Output> = {}): Output[] {
  return Array.from({ length: count }, () => {
    outputCount += 1
    const [width, height] = SIZES[shape]
    const path = `/media/w/1/gen/x/1/${shape}-${outputCount}`
    return {
      index: 0,
      kind: 'image',
      state: 'stored',
      url: `${path}.png`,
      previewUrl: `${path}.w960.webp`,
      placeholder: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
      width,
      height,
      bytes: 1_000,
      mimeType: 'image/png',
      duration: null,
      favourite: false,
      expiresAt: null,
      error: null,
      ...fields,
    }
  })
}

function money(amount: number, estimated: boolean): Generation['cost'] {
  return { amount, currency: 'USD', estimated }
}

function inMinutes(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000 + 20_000).toISOString()
}
