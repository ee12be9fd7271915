import { expect, test } from 'bun:test'
import { readForm } from './form-body.ts'
import { ProblemError } from './problem.ts'

test('the boundary is found however it is written', () => {
  for (const type of [
    'multipart/form-data; boundary=x',
    'Multipart/Form-Data;boundary=x',
    'multipart/form-data; charset=utf-8; boundary="x"',
    'multipart/form-data; BOUNDARY=x; charset=utf-8',
  ]) {
    expect([type, fields(form(1, 'x'), type)]).toEqual([type, [['n0', 'v']]])
  }
  const browsers = '----WebKitFormBoundary7MA4YWxkTrZu0gW'
  expect(fields(form(1, browsers), `multipart/form-data; boundary=${browsers}`)).toEqual([['n0', 'v']])
})

test('without a boundary, with one that is none, or with another, it is malformed', () => {
  for (const type of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary=é',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary=y',
    'multipart/form-data; xboundary=x',
  ]) {
    expect([type, refusal(form(1, 'x'), type)]).toEqual([type, 'malformed'])
  }
})

test('what breaks off in the middle is malformed', () => {
  const whole = form(2, 'x')
  for (const length of [0, 1, 10, whole.length / 2, whole.length - 6]) {
    expect(refusal(whole.slice(0, length), 'multipart/form-data; boundary=x')).toBe('malformed')
  }
})

test('a hundred parts are taken apart, more are not', () => {
  const type = 'multipart/form-data; boundary=x'
  expect(fields(form(100, 'x'), type)).toHaveLength(100)
  expect(refusal(form(101, 'x'), type)).toBe('too_large')
  expect(refusal(form(1_000_000, 'x'), type)).toBe('too_large')
})

test('a file is one whatever it is named, and its bytes are those of the body, not a copy', () => {
  const picture = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  for (const name of ['a.png', '', '../../etc/passwd', 'ä"b.png', 'x'.repeat(2_000)]) {
    const head = `--x\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`
    const body = Buffer.concat([Buffer.from(head), picture, Buffer.from('\r\n--x--\r\n')])
    const [field] = readForm(body, 'multipart/form-data; boundary=x').fields
    expect(field).toMatchObject({ name: 'file', kind: 'file' })
    expect(Buffer.from(field?.bytes ?? [])).toEqual(Buffer.from(picture))
    expect(field?.bytes.buffer).toBe(body.buffer)
  }
})

test('a part without a name, and a head that is longer than anybody writes, are malformed', () => {
  for (const head of [
    'Content-Type: image/png',
    'Content-Disposition: form-data',
    `X: ${'x'.repeat(20_000)}`,
    'é\xff',
  ]) {
    const body = Buffer.from(`--x\r\n${head}\r\n\r\nv\r\n--x--`, 'latin1')
    expect([head.slice(0, 40), refusal(body, 'multipart/form-data; boundary=x')]).toEqual([
      head.slice(0, 40),
      'malformed',
    ])
  }
})

function form(parts: number, boundary: string): Uint8Array<ArrayBuffer> {
  const part = (index: number) => `--${boundary}\r\nContent-Disposition: form-data; name="n${index}"\r\n\r\nv\r\n`
  return new TextEncoder().encode(`${Array.from({ length: parts }, (_, index) => part(index)).join('')}--${boundary}--`)
}

function fields(bytes: Uint8Array, type: string): unknown[] {
  return readForm(bytes, type).fields.map(field => [field.name, new TextDecoder().decode(field.bytes)])
}

function refusal(bytes: Uint8Array, type: string): unknown {
  try {
    readForm(bytes, type)
    return 'taken'
  } catch (error) {
    return error instanceof ProblemError ? error.code : error
  }
}
