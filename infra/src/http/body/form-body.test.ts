import { expect, test } from 'bun:test'
import { ProblemError } from '../problem.ts'
import { readForm } from './form-body.ts'

test('finds the boundary in every valid form of the content type', () => {
  for (const type of [
    'multipart/form-data; boundary=x',
    'Multipart/Form-Data;boundary=x',
    'multipart/form-data; charset=utf-8; boundary="x"',
    'multipart/form-data; BOUNDARY=x; charset=utf-8',
  ]) {
    expect([type, parseFields(createForm(1, 'x'), type)]).toEqual([type, [['n0', 'v']]])
  }
  const chromium = '----WebKitFormBoundary7MA4YWxkTrZu0gW'
  expect(parseFields(createForm(1, chromium), `multipart/form-data; boundary=${chromium}`)).toEqual([['n0', 'v']])
})

test('a missing, an invalid or another boundary is malformed', () => {
  for (const type of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary=é',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary=y',
    'multipart/form-data; xboundary=x',
  ]) {
    expect([type, getErrorCode(createForm(1, 'x'), type)]).toEqual([type, 'malformed'])
  }
})

test('a truncated form is malformed', () => {
  const whole = createForm(2, 'x')
  for (const length of [0, 1, 10, whole.length / 2, whole.length - 6]) {
    expect(getErrorCode(whole.slice(0, length), 'multipart/form-data; boundary=x')).toBe('malformed')
  }
})

test('accepts a hundred parts and no more', () => {
  const type = 'multipart/form-data; boundary=x'
  expect(parseFields(createForm(100, 'x'), type)).toHaveLength(100)
  expect(getErrorCode(createForm(101, 'x'), type)).toBe('too_large')
  expect(getErrorCode(createForm(1_000_000, 'x'), type)).toBe('too_large')
})

test('a file may have any name, and its bytes are a view of the body', () => {
  const content = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  for (const name of ['a.png', '', '../../etc/passwd', 'ä"b.png', 'x'.repeat(2_000)]) {
    const head = `--x\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`
    const body = Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--x--\r\n')])
    const [field] = readForm(body, 'multipart/form-data; boundary=x').fields
    expect(field).toMatchObject({ name: 'file', kind: 'file' })
    expect(Buffer.from(field?.bytes ?? [])).toEqual(Buffer.from(content))
    expect(field?.bytes.buffer).toBe(body.buffer)
  }
})

test('a part without a name or with excessive headers is malformed', () => {
  for (const head of [
    'Content-Type: image/png',
    'Content-Disposition: form-data',
    `X: ${'x'.repeat(20_000)}`,
    'é\xff',
  ]) {
    const body = Buffer.from(`--x\r\n${head}\r\n\r\nv\r\n--x--`, 'latin1')
    expect([head.slice(0, 40), getErrorCode(body, 'multipart/form-data; boundary=x')]).toEqual([
      head.slice(0, 40),
      'malformed',
    ])
  }
})

const FILE = Buffer.from('\x89PNG\r\n\x1a\n--x \n\nend\r', 'latin1')
const HEAD = 'Content-Disposition: form-data; name="file"; filename="a.png"'
const form = (head: string, content: string) => `--x\r\n${head}\r\n\r\n${content}\r\n--x--\r\n`
const RAW = FILE.toString('latin1')

test.each<[string, string, string?]>([
  ['text before the first boundary', `This is a form.\r\nIt has a file.\r\n${form(HEAD, RAW)}`],
  ['a line break before the first boundary', `\r\n${form(HEAD, RAW)}`],
  ['text after the last boundary', `${form(HEAD, RAW)}The end.\r\n--x\r\n`],
  ['no line break after the last boundary', form(HEAD, RAW).slice(0, -2)],
  ['blanks after a boundary', form(HEAD, RAW).replace('--x\r\n', '--x \t\r\n')],
  ['line feeds alone', `--x\n${HEAD}\n\na\r\n\r\n--x--\n`, 'a\r\n\r'],
  ['no content type', form(HEAD, RAW)],
  ['its content type first', form(`Content-Type: image/png\r\n${HEAD}`, RAW)],
  ['a file name in Latin-1', form(HEAD.replace('a.png', 'B\xe4r.png'), RAW)],
  ['a file name with its encoding', form(HEAD.replace('filename="a.png"', "filename*=utf-8''B%C3%A4r.png"), RAW)],
  ['a file name in parts', form(HEAD.replace('filename="a.png"', 'filename*0="a"; filename*1=".png"'), RAW)],
  ['a file name without quotes', form(HEAD.replaceAll('"', ''), RAW)],
  ['a file name before its name', form('content-disposition:form-data;filename="x;name=y.png" ; NAME = file', RAW)],
  ['a file name with quotes and backslashes', form(HEAD.replace('a.png', 'C:\\a"; b\\"; name=\\"x'), RAW)],
  ['a file name that ends with a backslash', form(HEAD.replace('a.png', 'C:\\'), RAW)],
  ['a header in two lines', form(HEAD.replace('; filename', ';\r\n filename'), RAW)],
  ['a type and no file name', form('Content-Disposition: form-data; name=file\r\nContent-Type: image/png', RAW)],
  ['bytes as they are', form(`${HEAD}\r\nContent-Transfer-Encoding: Binary`, RAW)],
  ['base64', form(`${HEAD}\r\nContent-Transfer-Encoding: BASE64`, FILE.toString('base64').replace(/.{8}/g, '$&\r\n'))],
])('reads a file of a form with %s', (_, body, content = RAW) => {
  const { fields } = readForm(Buffer.from(body, 'latin1'), 'multipart/form-data; boundary=x')
  expect(fields.map(({ name, kind, bytes }) => [name, kind, Buffer.from(bytes).toString('latin1')])).toEqual([
    ['file', 'file', content],
  ])
})

test('reads a boundary of all the characters that it may have, and is not misled by one that begins like it', () => {
  const boundary = "a'()+_,-./:=? b"
  const body = createForm(2, boundary)
  expect(parseFields(body, `multipart/form-data; boundary="${boundary}"`)).toHaveLength(2)
  const similar = createForm(1, 'x')
  const text = new TextDecoder().decode(similar).replace('\r\nv\r\n', '\r\nv\r\n--xy\r\n--x-\r\n')
  const [field] = parseFields(new TextEncoder().encode(text), 'multipart/form-data; boundary=x') as [[string, string]]
  expect(field).toEqual(['n0', 'v\r\n--xy\r\n--x-'])
})

test.each([
  ['text that is no base64', form(`${HEAD}\r\nContent-Transfer-Encoding: base64`, '!')],
  ['an encoding that is not read', form(`${HEAD}\r\nContent-Transfer-Encoding: x-uuencode`, '')],
  ['headers that are no end of quotes', form(`${HEAD}\r\nContent-Disposition: ${';a="'.repeat(9_000)}`, RAW)],
  ['a file that has its boundary again and again', form(HEAD, '\r\n--x\n'.repeat(2_000))],
  ['a file in which lines begin like its boundary', form(HEAD, '\r\n--xy'.repeat(2_000))],
  ['no blank line', `--x\r\n${HEAD}\r\n--x--`],
  ['no boundary at the beginning of a line', `y${form(HEAD, RAW)}`.replace('\r\n--x--', '')],
])('a form with %s is malformed', (_, body) => {
  expect(getErrorCode(new TextEncoder().encode(body), 'multipart/form-data; boundary=x')).toBe('malformed')
})

function createForm(parts: number, boundary: string): Uint8Array<ArrayBuffer> {
  const part = (index: number) => `--${boundary}\r\nContent-Disposition: form-data; name="n${index}"\r\n\r\nv\r\n`
  return new TextEncoder().encode(`${Array.from({ length: parts }, (_, index) => part(index)).join('')}--${boundary}--`)
}

function parseFields(bytes: Uint8Array, type: string): unknown[] {
  return readForm(bytes, type).fields.map(field => [field.name, new TextDecoder().decode(field.bytes)])
}

function getErrorCode(bytes: Uint8Array, type: string): unknown {
  try {
    readForm(bytes, type)
    return 'accepted'
  } catch (error) {
    return error instanceof ProblemError ? error.code : error
  }
}
