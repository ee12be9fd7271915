import { expect, test } from 'bun:test'
import {
  fetchError,
  fetchErrorCode,
  optionsAllowing,
  readText,
  startHttpServer,
} from '../../../testing/safe-get-server.ts'
import { safeGet } from './safe-get.ts'

for (const [address, code] of [
  ['http://127.0.0.1/', 'blocked-address'],
  ['http://0x7f000001/', 'blocked-address'],
  ['http://2130706433/', 'blocked-address'],
  ['http://0177.0.0.1/', 'blocked-address'],
  ['http://127.1/', 'blocked-address'],
  ['http://①②⑦.0.0.1/', 'blocked-address'],
  ['http://127.0.0.1./', 'blocked-address'],
  ['http://[::1]/', 'blocked-address'],
  ['http://[::ffff:127.0.0.1]/', 'blocked-address'],
  ['http://[::ffff:8.8.8.8]/', 'blocked-address'],
  ['http://[64:ff9b::7f00:1]/', 'blocked-address'],
  ['http://[2002:7f00:1::]/', 'blocked-address'],
  ['http://[fe80::1]/', 'blocked-address'],
  ['http://0.0.0.0/', 'blocked-address'],
  ['http://169.254.169.254/latest/meta-data/', 'blocked-address'],
  ['http://168.63.129.16/', 'blocked-address'],
  ['http://localhost/', 'blocked-address'],
  ['http://localhost./', 'blocked-address'],
  ['http://LOCALHOST/', 'blocked-address'],
  ['http://mixed.example/', 'blocked-address'],
  ['https://nowhere.example/', 'network'],
  ['https://nxdomain.example/', 'network'],
  ['file:///etc/hostname', 'bad-scheme'],
  ['data:text/plain,hello', 'bad-scheme'],
  ['ftp://public.example/', 'bad-scheme'],
  ['http://user:pass@public.example/', 'userinfo'],
  ['http://user@public.example/', 'userinfo'],
  ['http://public.example:22/', 'bad-port'],
  ['http://public.example:25/', 'bad-port'],
  ['http://public.example:6379/', 'bad-port'],
  ['//public.example/', 'bad-url'],
  ['http://[fe80::1%25lo]/', 'bad-url'],
  ['http://', 'bad-url'],
] as const) {
  test(`rejects ${address} as ${code}`, async () => {
    expect(await fetchErrorCode(address)).toBe(code)
  })
}

test('connects to the checked address of a name that resolves to another one later', async () => {
  await using server = await startHttpServer(() => new Response('checked'))
  const resolutions = [['127.0.0.1'], ['127.0.0.9']]
  const resolve = async () => resolutions.shift() ?? []
  const response = await safeGet(server.at('/'), optionsAllowing([server.origin], { resolve }))
  expect(await readText(response)).toBe('checked')
  expect(resolutions).toEqual([['127.0.0.9']])
})

test('returns the body, its claimed type and the headers that describe it', async () => {
  await using server = await startHttpServer(
    () => new Response('hello', { headers: { 'Content-Type': 'Image/PNG; x=1', etag: '"1"', 'set-cookie': 'a=b' } }),
  )
  const response = await safeGet(server.at('/a?token=1'), optionsAllowing([server.origin]))
  expect(response).toMatchObject({ status: 200, mimeType: 'image/png', contentLength: 5 })
  expect(Object.keys(response.headers).toSorted()).toEqual(['content-length', 'content-type', 'etag'])
  expect(response.url.href).toBe(server.at('/a?token=1'))
  expect(await readText(response)).toBe('hello')
  expect(server.requests[0]?.headers).toMatchObject({
    'accept-encoding': 'identity',
    host: new URL(server.origin).host,
  })
})

test('allows an exact origin, not another scheme or port of its host', async () => {
  await using server = await startHttpServer(() => new Response('hello'))
  const { port } = new URL(server.origin)
  for (const origin of [`http://inside.example:${Number(port) + 1}`, `https://inside.example:${port}`]) {
    expect(await fetchErrorCode(server.at('/'), optionsAllowing([origin]))).toBe('bad-port')
  }
  expect(await fetchErrorCode('http://inside.example/', optionsAllowing([server.origin]))).toBe('blocked-address')
  expect(server.requests).toHaveLength(0)
})

test('follows three redirects, also relative ones, and no fourth', async () => {
  await using server = await startHttpServer(({ url }) => {
    const left = Number(new URL(url).searchParams.get('left'))
    return left > 0 ? redirect(`?left=${left - 1}`) : new Response('there')
  })
  const options = optionsAllowing([server.origin])
  const response = await safeGet(server.at('/?left=3'), options)
  expect([response.url.search, await readText(response)]).toEqual(['?left=0', 'there'])
  expect(await fetchErrorCode(server.at('/?left=4'), options)).toBe('too-many-redirects')
  expect(await fetchErrorCode(server.at('/?left=1000'), options)).toBe('too-many-redirects')
  expect(server.requests).toHaveLength(12)
})

for (const [target, code] of [
  ['http://127.0.0.1/', 'blocked-address'],
  ['http://2130706433/', 'blocked-address'],
  ['http://[::ffff:127.0.0.1]/', 'blocked-address'],
  ['http://localhost/', 'blocked-address'],
  ['file:///etc/hostname', 'bad-scheme'],
  ['http://a:b@public.example/', 'userinfo'],
  ['http://public.example:22/', 'bad-port'],
  ['http://', 'bad-url'],
] as const) {
  test(`rejects a redirect to ${target} as ${code}`, async () => {
    await using server = await startHttpServer(() => redirect(target))
    expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin]))).toBe(code)
  })
}

test('a redirect from an allowed origin does not reach another private one', async () => {
  await using secret = await startHttpServer(() => new Response('secret'))
  await using server = await startHttpServer(() => redirect(secret.at('/')))
  expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin]))).toBe('bad-port')
  expect(secret.requests).toHaveLength(0)
  expect(await readText(await safeGet(server.at('/'), optionsAllowing([server.origin, secret.origin])))).toBe('secret')
})

test('sends headers to the first origin only, and not after a redirect back to it', async () => {
  await using other = await startHttpServer(() => redirect(home.at('/back')))
  await using home = await startHttpServer(({ url }) => {
    if (url.endsWith('/start')) return redirect('/next')
    return url.endsWith('/next') ? redirect(other.at('/')) : new Response('ok')
  })
  const headers = { authorization: 'Key secret' }
  await readText(await safeGet(home.at('/start'), optionsAllowing([home.origin, other.origin], { headers })))
  const sent = [...home.requests, ...other.requests].map(({ path, headers }) => [path, headers.authorization])
  expect(sent).toEqual([
    ['/start', 'Key secret'],
    ['/next', 'Key secret'],
    ['/back', undefined],
    ['/', undefined],
  ])
})

test('requests a range of every origin, and says of a missing one how long the file is', async () => {
  await using file = await startHttpServer(({ headers }) =>
    headers.get('range') === 'bytes=9-'
      ? new Response(null, { status: 416, headers: { 'content-range': 'bytes */5' } })
      : new Response('ell', { status: 206, headers: { 'content-range': 'bytes 1-3/5' } }),
  )
  await using home = await startHttpServer(() => redirect(file.at('/')))
  const fetchRange = (range: string) => {
    const headers = { authorization: 'Key secret' }
    return safeGet(
      home.at('/'),
      optionsAllowing([home.origin, file.origin], { headers, range: { range, 'if-range': '"a"' } }),
    )
  }
  const part = await fetchRange('bytes=1-3')
  expect([part.status, part.headers['content-range'], await readText(part)]).toEqual([206, 'bytes 1-3/5', 'ell'])
  const sent = [...home.requests, ...file.requests].map(({ headers }) => [
    headers.range,
    headers['if-range'],
    headers.authorization,
  ])
  expect(sent).toEqual([
    ['bytes=1-3', '"a"', 'Key secret'],
    ['bytes=1-3', '"a"', undefined],
  ])
  await expect(fetchRange('bytes=9-')).rejects.toMatchObject({ status: 416, headers: { 'content-range': 'bytes */5' } })
})

for (const status of [301, 304, 400, 404, 410, 429, 500, 503]) {
  test(`a response of ${status} is an error with that status`, async () => {
    await using server = await startHttpServer(() => new Response('secret of the server', { status }))
    const error = await fetchError(server.at('/'), optionsAllowing([server.origin]))
    expect([error.code, error.status]).toEqual(['status', status])
    expect(error.message).not.toContain('secret')
  })
}

test('rejects a content type that is not accepted', async () => {
  await using server = await startHttpServer(() => new Response('<p>', { headers: { 'content-type': 'text/html' } }))
  expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin], { accept: /^(image|video)\// }))).toBe(
    'wrong-type',
  )
  expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin], { accept: ['image/png'] }))).toBe(
    'wrong-type',
  )
  expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin], { accept: ['text/html'] }))).toBe(
    'nothing',
  )
})

test('no error contains a path, a query or a password', async () => {
  await using server = await startHttpServer(() => new Response('', { status: 404 }))
  const addresses = ['http://127.0.0.1', 'http://u:SECRET@public.example', 'ftp://public.example', server.origin]
  for (const address of [...addresses, 'http://public.example:22', 'http://nxdomain.example']) {
    const error = await fetchError(`${address}/SECRET?SECRET=SECRET#SECRET`, optionsAllowing([server.origin]))
    expect(error.message).not.toContain('SECRET')
  }
})

function redirect(location: string): Response {
  return new Response('elsewhere', { status: 302, headers: { location } })
}
