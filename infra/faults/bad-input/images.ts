import {
  type BadInputCase,
  createFilePart,
  createSubmissionRequest,
  createTextPart,
  createUploadRequest,
  SECRET,
  toDataUrl,
} from './case.ts'
import { createFlatPng, createSmallImage } from './corpus-images.ts'

const MARKUP = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert('${SECRET}')</script></svg>`

/** Creates references that are not images or not accepted: as data URLs, by id or URL, and as files of a form. */
export async function badImages(): Promise<BadInputCase[]> {
  const png = await createSmallImage('png')
  return [...badReferenceTexts(png), ...(await badBytes()), ...badReferenceLists(png), ...badForms(png)]
}

function badReferenceTexts(png: Buffer): BadInputCase[] {
  const [head = '', base64 = ''] = toDataUrl(png).split(',')
  const texts: [string, string, RegExp][] = [
    ['a data URL that is not base64', `${head},%%%not base64!!`, /base64/],
    ['a data URL with a comma missing', `${head}${base64}`, /data URL/],
    ['a data URL that does not say base64', `data:image/png,${base64}`, /data URL/],
    ['a data URL with a letter too few', `${head},${base64.slice(0, -3)}`, /base64|damaged/],
    ['a data URL with a line break', `${head},${base64.slice(0, 8)}\n!${base64.slice(8)}`, /base64/],
    ['a data URL of nothing', `${head},`, /is empty/],
    ['a page', toDataUrl(Buffer.from(`<html>${SECRET}`), 'text/html'), /is not a PNG/],
    ['a drawing with a script', toDataUrl(Buffer.from(MARKUP), 'image/svg+xml'), /is not a PNG/],
    ['a drawing that says it is a PNG', toDataUrl(Buffer.from(MARKUP)), /is not a PNG/],
    ['a PNG that says it is a WebP', toDataUrl(png, 'image/webp'), /says it is image\/webp, but is image\/png/],
    ['a PNG that says it is a page', toDataUrl(png, 'text/html'), /says it is text\/html/],
    ['an empty text', '', /is empty/],
    ['a text that is nothing', SECRET, /neither/],
    ['NUL', '\0', /neither/],
    ['a file of the machine', 'file:///etc/passwd', /neither/],
    ['a script', 'javascript:alert(1)', /neither/],
    ['an address without TLS', `http://localhost/${SECRET}.png`, /neither/],
    ['an address of this machine', 'https://localhost/a.png', /not on the public internet/],
    ['an address of this machine in hex', 'https://0x7f000001/a.png', /not on the public internet/],
    ['an address of this machine in IPv6', 'https://[::ffff:127.0.0.1]/a.png', /not on the public internet/],
    ['an address with a password', `https://user:${SECRET}@example.com/a.png`, /password/],
    ['an address with the port of a mail server', 'https://example.com:25/a.png', /[Pp]ort/],
    ['the id of nothing', crypto.randomUUID(), /not a reference of yours/],
  ]
  return texts.map(([name, image, detail]) => ({
    name: `a reference that is ${name}`,
    request: createSubmissionRequest({ prompt: 'a', referenceImages: [image] }),
    status: 422,
    detail,
  }))
}

async function badBytes(): Promise<BadInputCase[]> {
  const cut = async (format: 'png' | 'jpeg' | 'webp' | 'avif' | 'gif', ...fractions: number[]) => {
    const whole = await createSmallImage(format)
    return fractions.map(
      fraction => [`a ${format} cut at ${fraction}`, whole.subarray(0, whole.length * fraction)] as const,
    )
  }
  const files: (readonly [string, Buffer])[] = [
    ...(await cut('png', 0.1, 0.4, 0.9)),
    ...(await cut('jpeg', 0.01, 0.5, 0.9)),
    ...(await cut('webp', 0.2, 0.6)),
    ...(await cut('avif', 0.1, 0.5, 0.9)),
    ...(await cut('gif', 0.1, 0.5)),
    ['a PNG of 16,000 by 16,000', createFlatPng(16_000, 16_000)],
    ['a PNG of two thousand million by one', createFlatPng(2 ** 31 - 1, 1).subarray(0, 2_000)],
    ['a PNG of no width', createFlatPng(0, 10)],
    ['a PNG that is only its beginning', Buffer.from('89504e470d0a1a0a', 'hex')],
    [
      'a GIF of 65,535 by 65,535',
      Buffer.from(`474946383961${'ff'.repeat(4)}00002c${'00'.repeat(4)}01000100003b`, 'hex'),
    ],
    ['21 MB', Buffer.concat([createFlatPng(10, 10), Buffer.alloc(21_000_000)])],
    ['a program', Buffer.from('7f454c4602010100', 'hex')],
  ]
  return files.flatMap(([name, bytes]) => [
    {
      name: `a reference that is ${name}`,
      request: createSubmissionRequest({ prompt: 'a', referenceImages: [toDataUrl(bytes, '')] }),
      status: 422,
    },
    {
      name: `a file that is ${name}`,
      request: createUploadRequest([createFilePart(bytes)]),
      status: 422,
      detail: /^file\.0/,
    },
  ])
}

function badReferenceLists(png: Buffer): BadInputCase[] {
  const good = (index: number) => toDataUrl(createFlatPng(10 + index, 10))
  const lists: [string, unknown, RegExp][] = [
    ['seventeen references', Array.from({ length: 17 }, (_, index) => good(index)), /16/],
    ['sixteen references and one more', Array.from({ length: 16 }, (_, index) => good(index)), /16/],
    ['a bad one of three', [good(1), toDataUrl(png.subarray(0, 50)), good(2)], /^referenceImages\.1/],
    ['an unknown one of three', [good(1), good(2), crypto.randomUUID()], /^referenceImages\.2/],
    ['a number among them', [good(1), 7], /^referenceImages\.1/],
    ['an object for a list', { 0: good(1) }, /^referenceImages/],
  ]
  return lists.map(([name, referenceImages, detail]) => {
    const one = name.includes('one more') ? { referenceImage: good(99) } : {}
    return {
      name: `a submission with ${name}`,
      request: createSubmissionRequest({ prompt: 'a', referenceImages, ...one }),
      status: 422,
      detail,
    }
  })
}

function badForms(png: Buffer): BadInputCase[] {
  const file = createFilePart(png)
  const typed = (type: string) => createUploadRequest([file], { headers: [['Content-Type', type]] })
  const whole = createUploadRequest([file])
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => createFilePart(createFlatPng(index + 1, 1)))
  const raw = (text: string) => ({ ...whole, body: Buffer.from(text) })
  const forms: [string, ReturnType<typeof createUploadRequest>, number, RegExp?][] = [
    ['without a boundary', typed('multipart/form-data'), 400, /boundary/],
    ['with an empty boundary', typed('multipart/form-data; boundary='), 400, /boundary/],
    ['with another boundary', typed('multipart/form-data; boundary=another'), 400, /boundary/],
    ['with a boundary of 300 letters', typed(`multipart/form-data; boundary=${'b'.repeat(300)}`), 400, /boundary/],
    ['that is JSON', typed('application/json'), 415],
    ['of nothing', { ...whole, body: Buffer.alloc(0) }, 415],
    ['of no parts', raw('--bad-input--\r\n'), 422, /missing/],
    ['with a part without a head', raw('--bad-input\r\nhello\r\n--bad-input--\r\n'), 400],
    ['with a part without a name', raw('--bad-input\r\nX-A: b\r\n\r\nhello\r\n--bad-input--\r\n'), 400],
    ['that breaks off in a file', { ...whole, body: whole.body.subarray(0, -60) }, 400],
    ['without its end', { ...whole, body: whole.body.subarray(0, -20) }, 400],
    [
      'with 1,000 fields',
      createUploadRequest(Array.from({ length: 1_000 }, (_, index) => createTextPart('x', `f${index}`))),
      413,
      /parts/,
    ],
    [
      'with 200,000 empty fields',
      createUploadRequest(Array.from({ length: 200_000 }, () => createTextPart(''))),
      413,
      /parts/,
    ],
    ['with 17 files', createUploadRequest(many(17)), 422, /16/],
    ['with a text for a file', createUploadRequest([createTextPart(SECRET)]), 422, /text/],
    ['with an image sent as text', createUploadRequest([createTextPart(png.toString('latin1'))]), 422, /text/],
    ['with a file under another name', createUploadRequest([createFilePart(png, 'a.png', 'prompt')]), 422, /field/],
    ['with a file under __proto__', createUploadRequest([createFilePart(png, 'a.png', '__proto__')]), 422, /field/],
    ['with a field beside the file', createUploadRequest([file, createTextPart(SECRET, 'note')]), 422, /field/],
    ['with an empty file', createUploadRequest([createFilePart('')]), 422, /empty/],
    [
      'with a page named a.png',
      createUploadRequest([createFilePart(`<html><script>${SECRET}</script>`)]),
      422,
      /not a PNG/,
    ],
    ['with a drawing named a.svg', createUploadRequest([createFilePart(MARKUP, 'a.svg')]), 422, /not a PNG/],
    ['with a bad file of three', createUploadRequest([...many(2), createFilePart(SECRET)]), 422, /^file\.2/],
  ]
  return forms.map(([name, request, status, detail]) => ({
    name: `a form ${name}`,
    request,
    status,
    ...(detail ? { detail } : {}),
  }))
}
