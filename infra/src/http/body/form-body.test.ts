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
