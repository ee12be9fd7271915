import { expect, test } from 'bun:test'
import { readForm } from './form-body.ts'

test('the boundary is found however it is written', async () => {
  for (const type of [
    'multipart/form-data; boundary=x',
    'Multipart/Form-Data;boundary=x',
    'multipart/form-data; charset=utf-8; boundary="x"',
    'multipart/form-data; BOUNDARY=x; charset=utf-8',
  ]) {
    expect([type, await fields(form(1, 'x'), type)]).toEqual([type, [['n0', 'v']]])
  }
  const browsers = '----WebKitFormBoundary7MA4YWxkTrZu0gW'
  expect(await fields(form(1, browsers), `multipart/form-data; boundary=${browsers}`)).toEqual([['n0', 'v']])
})

test('without a boundary, with one that is none, or with another, it is malformed', async () => {
  for (const type of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""',
    'multipart/form-data; boundary=é',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary=y',
    'multipart/form-data; xboundary=x',
  ]) {
    expect([type, await refusal(form(1, 'x'), type)]).toEqual([type, 'malformed'])
  }
})

test('what breaks off in the middle is malformed', async () => {
  const whole = form(2, 'x')
  for (const length of [0, 1, 10, whole.length / 2, whole.length - 6]) {
    expect(await refusal(whole.slice(0, length), 'multipart/form-data; boundary=x')).toBe('malformed')
  }
})

test('a hundred parts are taken apart, more are not', async () => {
  const type = 'multipart/form-data; boundary=x'
  expect(await fields(form(100, 'x'), type)).toHaveLength(100)
  expect(await refusal(form(101, 'x'), type)).toBe('too_large')
  expect(await refusal(form(1_000_000, 'x'), type)).toBe('too_large')
})

function form(parts: number, boundary: string): Uint8Array<ArrayBuffer> {
  const part = (index: number) => `--${boundary}\r\nContent-Disposition: form-data; name="n${index}"\r\n\r\nv\r\n`
  return new TextEncoder().encode(`${Array.from({ length: parts }, (_, index) => part(index)).join('')}--${boundary}--`)
}

async function fields(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<unknown[]> {
  const read = await readForm(bytes, type)
  return read instanceof FormData ? [...read.entries()] : []
}

async function refusal(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<unknown> {
  return await readForm(bytes, type).then(
    () => 'taken',
    error => error.code,
  )
}
