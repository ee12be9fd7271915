import { type Case, dataUrl, filePart, SECRET, submission, textPart, upload } from './case.ts'
import { flatPng, smallPicture } from './corpus-images.ts'

const MARKUP = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert('${SECRET}')</script></svg>`

/** References that are no pictures, or none that are taken: as data URLs, by id or address, and as files of a form. */
export async function badPictures(): Promise<Case[]> {
  const png = await smallPicture('png')
  return [...badTexts(png), ...(await badBytes()), ...badLists(png), ...badForms(png)]
}

function badTexts(png: Buffer): Case[] {
  const [head = '', base64 = ''] = dataUrl(png).split(',')
  const texts: [string, string, RegExp][] = [
    ['a data URL that is not base64', `${head},%%%not base64!!`, /base64/],
    ['a data URL with a comma missing', `${head}${base64}`, /data URL/],
    ['a data URL that does not say base64', `data:image/png,${base64}`, /data URL/],
    ['a data URL with a letter too few', `${head},${base64.slice(0, -3)}`, /base64|damaged/],
    ['a data URL with a line break', `${head},${base64.slice(0, 8)}\n!${base64.slice(8)}`, /base64/],
    ['a data URL of nothing', `${head},`, /is empty/],
    ['a page', dataUrl(Buffer.from(`<html>${SECRET}`), 'text/html'), /is not a PNG/],
    ['a drawing with a script', dataUrl(Buffer.from(MARKUP), 'image/svg+xml'), /is not a PNG/],
    ['a drawing that says it is a PNG', dataUrl(Buffer.from(MARKUP)), /is not a PNG/],
    ['a PNG that says it is a WebP', dataUrl(png, 'image/webp'), /says it is image\/webp, but is image\/png/],
    ['a PNG that says it is a page', dataUrl(png, 'text/html'), /says it is text\/html/],
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
  return texts.map(([name, image, says]) => ({
    name: `a reference that is ${name}`,
    request: submission({ prompt: 'a', referenceImages: [image] }),
    status: 422,
    says,
  }))
}

async function badBytes(): Promise<Case[]> {
  const cut = async (format: 'png' | 'jpeg' | 'webp' | 'avif' | 'gif', ...places: number[]) => {
    const whole = await smallPicture(format)
    return places.map(place => [`a ${format} cut at ${place}`, whole.subarray(0, whole.length * place)] as const)
  }
  const files: (readonly [string, Buffer])[] = [
    ...(await cut('png', 0.1, 0.4, 0.9)),
    ...(await cut('jpeg', 0.01, 0.5, 0.9)),
    ...(await cut('webp', 0.2, 0.6)),
    ...(await cut('avif', 0.1, 0.5, 0.9)),
    ...(await cut('gif', 0.1, 0.5)),
    ['a PNG of 16,000 by 16,000', flatPng(16_000, 16_000)],
    ['a PNG of two thousand million by one', flatPng(2 ** 31 - 1, 1).subarray(0, 2_000)],
    ['a PNG of no width', flatPng(0, 10)],
    ['a PNG that is only its beginning', Buffer.from('89504e470d0a1a0a', 'hex')],
    [
      'a GIF of 65,535 by 65,535',
      Buffer.from(`474946383961${'ff'.repeat(4)}00002c${'00'.repeat(4)}01000100003b`, 'hex'),
    ],
    ['21 MB', Buffer.concat([flatPng(10, 10), Buffer.alloc(21_000_000)])],
    ['a program', Buffer.from('7f454c4602010100', 'hex')],
  ]
  return files.flatMap(([name, bytes]) => [
    {
      name: `a reference that is ${name}`,
      request: submission({ prompt: 'a', referenceImages: [dataUrl(bytes, '')] }),
      status: 422,
    },
    { name: `a file that is ${name}`, request: upload([filePart(bytes)]), status: 422, says: /^file\.0/ },
  ])
}

function badLists(png: Buffer): Case[] {
  const good = (index: number) => dataUrl(flatPng(10 + index, 10))
  const lists: [string, unknown, RegExp][] = [
    ['seventeen references', Array.from({ length: 17 }, (_, index) => good(index)), /16/],
    ['sixteen references and one more', Array.from({ length: 16 }, (_, index) => good(index)), /16/],
    ['a bad one of three', [good(1), dataUrl(png.subarray(0, 50)), good(2)], /^referenceImages\.1/],
    ['an unknown one of three', [good(1), good(2), crypto.randomUUID()], /^referenceImages\.2/],
    ['a number among them', [good(1), 7], /^referenceImages\.1/],
    ['an object for a list', { 0: good(1) }, /^referenceImages/],
  ]
  return lists.map(([name, referenceImages, says]) => {
    const one = name.includes('one more') ? { referenceImage: good(99) } : {}
    return {
      name: `a submission with ${name}`,
      request: submission({ prompt: 'a', referenceImages, ...one }),
      status: 422,
      says,
    }
  })
}

function badForms(png: Buffer): Case[] {
  const file = filePart(png)
  const typed = (type: string) => upload([file], { headers: [['Content-Type', type]] })
  const whole = upload([file])
  const many = (count: number) => Array.from({ length: count }, (_, index) => filePart(flatPng(index + 1, 1)))
  const raw = (text: string) => ({ ...whole, body: Buffer.from(text) })
  const forms: [string, ReturnType<typeof upload>, number, RegExp?][] = [
    ['without a boundary', typed('multipart/form-data'), 400, /boundary/],
    ['with an empty boundary', typed('multipart/form-data; boundary='), 400, /boundary/],
    ['with another boundary', typed('multipart/form-data; boundary=another'), 400, /boundary/],
    ['with a boundary of 300 letters', typed(`multipart/form-data; boundary=${'b'.repeat(300)}`), 400, /boundary/],
    ['that is JSON', typed('application/json'), 400],
    ['of nothing', { ...whole, body: Buffer.alloc(0) }, 415],
    ['of no parts', raw('--bad-input--\r\n'), 422, /missing/],
    ['with a part without a head', raw('--bad-input\r\nhello\r\n--bad-input--\r\n'), 400],
    ['with a part without a name', raw('--bad-input\r\nX-A: b\r\n\r\nhello\r\n--bad-input--\r\n'), 400],
    ['that breaks off in a file', { ...whole, body: whole.body.subarray(0, -60) }, 400],
    ['without its end', { ...whole, body: whole.body.subarray(0, -20) }, 400],
    [
      'with 1,000 fields',
      upload(Array.from({ length: 1_000 }, (_, index) => textPart('x', `f${index}`))),
      413,
      /parts/,
    ],
    ['with 200,000 empty fields', upload(Array.from({ length: 200_000 }, () => textPart(''))), 413, /parts/],
    ['with 17 files', upload(many(17)), 422, /16/],
    ['with a text for a file', upload([textPart(SECRET)]), 422, /text/],
    ['with a picture sent as text', upload([textPart(png.toString('latin1'))]), 422, /text/],
    ['with a file under another name', upload([filePart(png, 'a.png', 'prompt')]), 422, /field/],
    ['with a file under __proto__', upload([filePart(png, 'a.png', '__proto__')]), 422, /field/],
    ['with a field beside the file', upload([file, textPart(SECRET, 'note')]), 422, /field/],
    ['with an empty file', upload([filePart('')]), 422, /empty/],
    ['with a page named a.png', upload([filePart(`<html><script>${SECRET}</script>`)]), 422, /not a PNG/],
    ['with a drawing named a.svg', upload([filePart(MARKUP, 'a.svg')]), 422, /not a PNG/],
    ['with a bad file of three', upload([...many(2), filePart(SECRET)]), 422, /^file\.2/],
  ]
  return forms.map(([name, request, status, says]) => ({
    name: `a form ${name}`,
    request,
    status,
    ...(says ? { says } : {}),
  }))
}
