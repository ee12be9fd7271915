import { expect, test } from 'bun:test'
import { deflateSync } from 'node:zlib'
import { addPngText } from '@darkroom/infra/testing/data/png-text'
import { MAX_LINEAR_GROWTH, measureCpu, measureGrowth } from '@darkroom/infra/testing/measure-cpu'
import fc from 'fast-check'
import sharp from 'sharp'
import { readImageSettings } from './image-settings.ts'
import { readImageTexts } from './image-texts.ts'
import { readMetadata } from './read-metadata.ts'

const WORKFLOW = JSON.stringify({
  1: { class_type: 'KSampler', inputs: { seed: 4, positive: ['2', 0] } },
  2: { inputs: { text: 'a fox' } },
})
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 CreatorTool="Darkroom" note="Procedural image, no AI model. Prompt: a hen. Seed: 5. Output: 1"/></rdf:RDF></x:xmpmeta>`
const PNG = await createImage().png().toBuffer()

for (const format of ['jpeg', 'webp', 'avif', 'png'] as const) {
  test(`reads EXIF and XMP of ${format}, and nothing of one that is cut anywhere`, async () => {
    const image = createImage().toFormat(format)
    const withExif = await image.withExif({ IFD0: { Make: `prompt:${WORKFLOW}` } }).toBuffer()
    expect(readImageSettings(withExif)).toEqual({ source: 'ComfyUI', prompt: 'a fox', seed: 4 })
    const withXmp = await createImage().toFormat(format).withXmp(XMP).toBuffer()
    expect(readImageSettings(withXmp)).toMatchObject({ source: 'Darkroom', prompt: 'a hen', seed: 5 })
    for (let end = 0; end < 600; end += 1) readImageSettings(withExif.subarray(0, end))
  })
}

const SETTINGS = 'a fox, 東京\nSteps: 20, Seed: 4'
const SWARM = '{"sui_image_params":{"prompt":"a fox, 東京","seed":4,"steps":20}}'
const COMMENTS: [string, Buffer, string?][] = [
  ['UNICODE', Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(SETTINGS, 'utf16le').swap16()])],
  ['UNICODE', Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(SETTINGS, 'utf16le')])],
  ['a mark of the order', Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(`\ufeff${SETTINGS}`, 'utf16le')])],
  ['ASCII', Buffer.from(`ASCII\0\0\0${SETTINGS}\0`)],
  ['no encoding', Buffer.from(`${'\0'.repeat(8)}${SETTINGS}`)],
  ['no name of an encoding', Buffer.from(SETTINGS)],
  ['SwarmUI', Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(SWARM, 'utf16le')]), 'SwarmUI'],
]

test.each(COMMENTS)(
  'reads the user comment of EXIF in both orders of bytes: %s',
  (_name, comment, source = 'A1111') => {
    for (const isLittle of [true, false]) {
      const found = readImageSettings(addPngText(PNG, '', createExif(comment, isLittle), 'eXIf'))
      expect(found).toEqual({ source, prompt: 'a fox, 東京', seed: 4, steps: 20 })
    }
  },
)

test('reads the graphs of ComfyUI in the camera, the maker and the description of a WebP', async () => {
  const workflow = '{"nodes":[{"id":1,"type":"KSampler","widgets_values":[4]}],"links":[]}'
  for (const tags of [
    { Model: `prompt:${WORKFLOW}`, Make: `workflow:${workflow}` },
    { Make: `Prompt:${WORKFLOW}`, ImageDescription: `Workflow:${workflow}` },
    { ImageDescription: WORKFLOW },
  ])
    expect(readImageSettings(await createImage().webp().withExif({ IFD0: tags }).toBuffer())).toMatchObject({
      prompt: 'a fox',
    })
})

test('no byte of the metadata makes reading fail: counts, offsets and directories that lead anywhere', async () => {
  const files = await Promise.all(
    (['jpeg', 'webp', 'avif', 'png'] as const).map(format =>
      createImage()
        .toFormat(format)
        .withExif({ IFD0: { Make: `prompt:${WORKFLOW}` }, IFD2: { UserComment: 'x' } })
        .toBuffer(),
    ),
  )
  const change = fc.tuple(fc.nat(700), fc.constantFrom(0, 1, 2, 7, 0x7f, 0x80, 0xff))
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 8 }), (file, changes) => {
      const damaged = Buffer.from(file)
      for (const [at, byte] of changes) damaged[at] = byte
      readImageSettings(damaged)
    }),
    { numRuns: 3_000 },
  )
})

test('reads what any JSON and any text in the place of settings are, or nothing', () => {
  const key = fc.constantFrom(
    '1',
    '2',
    'inputs',
    'class_type',
    'text',
    'positive',
    '__proto__',
    'toString',
    'model',
    'nodes',
    'links',
    'v4_prompt',
  )
  const leaf = fc.oneof(fc.constantFrom('KSampler', '2', 'x'), fc.string(), fc.double(), fc.constant(null))
  const { value } = fc.letrec(tie => ({
    value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('object')),
    object: fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map(entries => Object.fromEntries(entries)),
  }))
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    value.map(parsed => JSON.stringify(parsed)),
    hasOwnProto(),
  )
  const keywords = [
    'parameters',
    'prompt',
    'workflow',
    'invokeai_metadata',
    'sd-metadata',
    'Comment',
    'generation_data',
    'Dream',
  ]
  const keyword = fc.constantFrom(...keywords, 'Description')
  fc.assert(
    fc.property(keyword, text, (name, content) => {
      const metadata = readMetadata({ [name]: content, ...(name === 'Comment' ? { Software: 'NovelAI' } : {}) })
      if (!metadata) return
      expect(JSON.stringify(metadata)).not.toContain('\\u0000')
      expect(JSON.parse(JSON.stringify(metadata))).toEqual(metadata)
    }),
    { numRuns: 2_000 },
  )
  const node = { class_type: 'KSampler', inputs: { positive: ['__proto__', 0], seed: { toString: 1 }, cfg: 'huge' } }
  const infinite = JSON.stringify({ 1: node }).replace('"huge"', '1e400')
  expect(readMetadata({ prompt: infinite })).toMatchObject({ prompt: '', parameters: {} })
})

test('follows each link of a graph once, however many lead to a node, and however long a chain is', () => {
  const names = Array.from({ length: 200 }, (_, index) => String(index))
  const everyone = Object.fromEntries(names.map(name => [`i${name}`, [name, 0]]))
  const clique = Object.fromEntries(names.map(name => [name, { inputs: everyone }]))
  const sampler = { class_type: 'KSampler', inputs: { positive: ['0', 0], negative: ['0', 0] } }
  expect(readMetadata({ prompt: JSON.stringify({ s: sampler, ...clique }) })).toMatchObject({ prompt: '' })
  const chain = (length: number) => {
    const nodes = Array.from({ length }, (_, index) => [String(index), { inputs: { a: [String(index + 1), 0] } }])
    return JSON.stringify({ s: sampler, ...Object.fromEntries(nodes), [length]: { inputs: { text: 'found' } } })
  }
  expect(readMetadata({ prompt: chain(5_000) })).toMatchObject({ prompt: 'found' })
  readMetadata({ prompt: chain(100_000) })
  expect(readMetadata({ prompt: `${'['.repeat(500_000)}${']'.repeat(500_000)}` })).toBeUndefined()
  // Each of these inputs would lead through the whole chain again.
  const inputs = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`i${index}`, ['0', 0]]))
  const values = JSON.parse(chain(1_000).replaceAll('"a":', '"value":'))
  values.s = { class_type: 'KSampler', inputs: { positive: ['0', 0], cfg: 7, ...inputs, late: 1 } }
  expect(readMetadata({ prompt: JSON.stringify(values) })?.parameters).toEqual({ settings: { cfg: 7 } })
})

const LONG_TEXTS: [string, string, (length: number) => string][] = [
  ['names without a value', 'parameters', length => `a fox\nSteps: 20, ${'Key '.repeat(length / 4)}`],
  ['colons', 'parameters', length => `a fox\nSteps: 20${', a: '.repeat(length / 5)}`],
  ['quotation marks', 'parameters', length => `a fox\nSteps: 20, a${': "'.repeat(length / 3)}`],
  ['lines that begin like settings', 'parameters', length => 'Steps: 2'.padEnd(50, ' \n Steps: ').repeat(length / 50)],
  ['negative prompts', 'parameters', length => `${'Negative prompt:\n'.repeat(length / 17)}Steps: 20`],
  ['lists without an end', 'parameters', length => `a fox\nSteps: 20, a${': [,'.repeat(length / 4)}`],
  ['names after line breaks', 'parameters', length => `a fox\nSteps: 20${'\nName: '.repeat(length / 7)}`],
  ['options', 'Description', length => `${' --a'.repeat(length / 4)} Job ID: `],
  ['a command', 'Dream', length => `"${'" -s'.repeat(length / 4)}`],
  ['XMP', 'XML:com.adobe.xmp', length => `<exif:UserComment>${'{&quot;'.repeat(length / 7)}</rdf:li>`],
  ['joined texts', 'prompt', createJoinedTexts],
  [
    'a workflow',
    'workflow',
    length => `{"nodes":[${'{"id":1,"type":"KSampler","widgets_values":[1]},'.repeat(length / 48)}{}]}`,
  ],
  ['blanks', 'parameters', length => `${' '.repeat(length)}\nSteps: 20`],
  ['JSON of brackets', 'prompt', length => '['.repeat(length)],
  ['JSON of digits', 'prompt', length => `{"1":{"class_type":"KSampler","inputs":{"seed":${'9'.repeat(length)}}}}`],
  ['JSON of NaN', 'prompt', length => `[${'NaN,'.repeat(length / 4)}`],
  ['backslashes', 'prompt', length => `"${'\\'.repeat(length)}`],
  ['labels', 'XML:com.adobe.xmp', length => 'Procedural image, no AI model. Prompt: . Seed: '.repeat(length / 47)],
  [
    'a name of a setting',
    'prompt',
    length => `{"1":{"class_type":"KSampler","inputs":{"${'- '.repeat(length / 2)}":1}}}`,
  ],
]

test.each(LONG_TEXTS)('reads long texts in linear time: %s', (_name, keyword, create) => {
  const read = (text: string) => readImageSettings(addPngText(PNG, keyword, text))
  expect(measureGrowth(create, 2 * 1024 * 1024 - 200, read)).toBeLessThan(MAX_LINEAR_GROWTH)
})

test('inflates only the texts that are read, each to a limit, and few in all', () => {
  const bomb = deflateSync(Buffer.alloc(32_000_000))
  const add = (png: Buffer, keyword: string) =>
    addPngText(png, '', Buffer.concat([Buffer.from(`${keyword}\0\0`), bomb]), 'zTXt')
  const repeat = (keyword: string) => Array.from({ length: 40 }).reduce<Buffer>(png => add(png, keyword), PNG)
  const [ignored, read] = [repeat('a'), repeat('parameters')].map(png => measureCpu(() => readImageTexts(png)))
  const whole = measureCpu(() => deflateSync(Buffer.alloc(8_000_000), { level: 1 }))
  expect(ignored).toBeLessThan(20 * whole)
  expect(read).toBeLessThan(20 * whole)
  const small = Buffer.concat([Buffer.from('parameters\0\0'), deflateSync('a fox\nSteps: 20')])
  expect(readImageSettings(addPngText(PNG, '', small, 'zTXt'))).toMatchObject({ prompt: 'a fox' })
})

test('reads one text of a keyword, and a file of nothing but chunks', () => {
  const twice = addPngText(addPngText(PNG, 'parameters', 'second\nSteps: 1'), 'parameters', 'first\nSteps: 1')
  expect(readImageSettings(twice)).toMatchObject({ prompt: 'first' })
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('zzzz'), Buffer.alloc(4)])
  const chunks = Buffer.concat([PNG.subarray(0, 33), ...Array.from({ length: 1_000_000 }, () => chunk)])
  expect(readImageTexts(chunks)).toEqual({})
})

test('many entries of EXIF that name the same long value cost one reading of it', () => {
  const zeros = 1_000_000
  const exif = Buffer.alloc(8 + 2 + 200 * 12 + zeros + 1)
  exif.write('II*\0\x08\0\0\0', 'latin1')
  exif.writeUInt16LE(200, 8)
  for (let entry = 0; entry < 200; entry += 1) {
    const at = 10 + 12 * entry
    exif.writeUInt16LE(0x100 + entry, at)
    exif.writeUInt16LE(2, at + 2)
    exif.writeUInt32LE(zeros, at + 4)
    exif.writeUInt32LE(2_410, at + 8)
  }
  exif.write('prompt:', 2_410)
  exif[2_410 + zeros - 1] = 1
  const once = measureCpu(() => exif.toString('utf8'))
  expect(measureCpu(() => readImageTexts(addPngText(PNG, '', exif, 'eXIf')))).toBeLessThan(20 * once)
})

/** Returns EXIF metadata of nothing but a user comment. */
function createExif(comment: Buffer, isLittle: boolean): Buffer {
  const exif = Buffer.alloc(44 + comment.length)
  const write16 = (value: number, at: number) =>
    isLittle ? exif.writeUInt16LE(value, at) : exif.writeUInt16BE(value, at)
  const write32 = (value: number, at: number) =>
    isLittle ? exif.writeUInt32LE(value, at) : exif.writeUInt32BE(value, at)
  exif.write(isLittle ? 'II' : 'MM', 'latin1')
  write16(42, 2)
  write32(8, 4)
  const entries: [at: number, tag: number, type: number, count: number, value: number][] = [
    [8, 0x87_69, 4, 1, 26],
    [26, 0x92_86, 7, comment.length, 44],
  ]
  for (const [at, tag, type, count, value] of entries) {
    write16(1, at)
    write16(tag, at + 2)
    write16(type, at + 4)
    write32(count, at + 6)
    write32(value, at + 10)
  }
  comment.copy(exif, 44)
  return exif
}

/** Returns a graph in which each text joins the next one twice. */
function createJoinedTexts(length: number): string {
  const nodes = Array.from({ length: length / 80 }, (_, index) => {
    const next = [String(index + 1), 0]
    return [
      String(index),
      { class_type: 'StringConcatenate', inputs: { string_a: next, string_b: 'x', string_c: next } },
    ]
  })
  return JSON.stringify({ s: { class_type: 'KSampler', inputs: { positive: ['0', 0] } }, ...Object.fromEntries(nodes) })
}

function hasOwnProto() {
  return fc.constant(
    '{"__proto__":{"class_type":"KSampler","inputs":{"__proto__":1}},"image":{"prompt":{"prompt":{}}}}',
  )
}

function createImage() {
  return sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
}
