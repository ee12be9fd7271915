import type { Random } from '../../testing/random.ts'
import type { ImageFile } from '../bad-input/corpus-images.ts'
import { getDraft, type KnownResources, type RequestDraft } from './draft.ts'

/** Parts of a form that is written token by token. */
interface FormTokens {
  boundary: string
  newline: string
  preamble: string
  disposition: string
  image: Buffer
  epilogue: string
}

const BOUNDARIES = [
  'x',
  '-',
  '----WebKitFormBoundary7MA4YWxkTrZu0gW',
  "a'b()+_,-./:=?",
  'b'.repeat(70),
  'b'.repeat(71),
  'a b',
  '\r\n',
]
const NEWLINES = ['\r\n', '\r\n', '\r\n', '\n', '\r', '']
const PREAMBLES = [
  '',
  '\r\n',
  'This is a message in several parts.\r\n',
  '--',
  '\0'.repeat(5_000),
  '--x'.repeat(20_000),
]
const DISPOSITIONS = [
  'form-data; name="file"; filename="a.png"',
  'form-data; name=file; filename=a.png',
  'form-data; filename="a.png"; name="file"',
  'form-data; name="file"; filename*=UTF-8\'\'%e2%82%ac.png',
  'form-data; name="file"; filename="\xe9.png"',
  'form-data; name="file"; filename="a\\".png"',
  'form-data; name="file"',
  'form-data; name="file"; filename=""',
  'form-data',
  'attachment; name="file"; filename="a.png"',
  `form-data; name="file"; filename="${'a'.repeat(50_000)}"`,
  `form-data; ${'a=b; '.repeat(10_000)}name="file"`,
  'form-data;\r\n name="file"; filename="a.png"',
]
const EPILOGUES = ['', '\r\n', 'more', '\r\n--x', '\0'.repeat(5_000)]

/** Creates an upload whose form is written in any dialect, or nearly. */
export function createFormDialectDraft(random: Random, _: KnownResources, images: readonly ImageFile[]): RequestDraft {
  const tokens: FormTokens = {
    boundary: random.pick(BOUNDARIES),
    newline: random.pick(NEWLINES),
    preamble: random.pick(PREAMBLES),
    disposition: random.pick(DISPOSITIONS),
    image: random.pick(images).bytes,
    epilogue: random.pick(EPILOGUES),
  }
  const quoted = random.oneIn(2) ? `"${tokens.boundary}"` : tokens.boundary
  return {
    ...getDraft('/api/references'),
    method: 'POST',
    headers: [['Content-Type', `multipart/form-data; boundary=${quoted.replaceAll('\r\n', '')}`]],
    content: { bytes: serializeForm(tokens, random) },
    framing: random.oneIn(3) ? 'chunked' : 'length',
    mutations: ['a form in a dialect'],
  }
}

function serializeForm(
  { boundary, newline, preamble, disposition, image, epilogue }: FormTokens,
  random: Random,
): Buffer {
  const part = Buffer.concat([
    Buffer.from(`--${boundary}${newline}Content-Disposition: ${disposition}${newline}`, 'latin1'),
    Buffer.from(random.oneIn(2) ? `Content-Type: image/png${newline}${newline}` : newline),
    image,
    Buffer.from(newline),
  ])
  const parts = Array<Buffer>(random.pick([0, 1, 1, 1, 3, 17])).fill(part)
  const end = random.oneIn(5) ? '' : `--${boundary}--${newline}`
  return Buffer.concat([Buffer.from(preamble, 'latin1'), ...parts, Buffer.from(end, 'latin1'), Buffer.from(epilogue)])
}
