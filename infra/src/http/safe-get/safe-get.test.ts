import { expect, test } from 'bun:test'
import { allowing, codeOf, errorOf, serving, textOf } from '../../../testing/safe-get-server.ts'
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
  test(`${address} is refused as ${code}`, async () => {
    expect(await codeOf(address)).toBe(code)
  })
}

test('a name that becomes private between two looks is still fetched from the address that was judged', async () => {
  await using server = await serving(() => new Response('judged'))
  const answers = [['127.0.0.1'], ['127.0.0.9']]
  const resolve = async () => answers.shift() ?? []
  const response = await safeGet(server.at('/'), allowing([server.origin], { resolve }))
  expect(await textOf(response)).toBe('judged')
  expect(answers).toEqual([['127.0.0.9']])
})

test('gives the body, its claimed type and the few headers that matter', async () => {
  await using server = await serving(
    () => new Response('hello', { headers: { 'Content-Type': 'Image/PNG; x=1', etag: '"1"', 'set-cookie': 'a=b' } }),
  )
  const response = await safeGet(server.at('/a?token=1'), allowing([server.origin]))
  expect(response).toMatchObject({ status: 200, mimeType: 'image/png', contentLength: 5 })
  expect(Object.keys(response.headers).toSorted()).toEqual(['content-length', 'content-type', 'etag'])
  expect(response.url.href).toBe(server.at('/a?token=1'))
  expect(await textOf(response)).toBe('hello')
  expect(server.requests[0]?.headers).toMatchObject({
    'accept-encoding': 'identity',
    host: new URL(server.origin).host,
  })
})

test('an origin is allowed exactly, not its host, its scheme or its neighbour', async () => {
  await using server = await serving(() => new Response('hello'))
  const { port } = new URL(server.origin)
  for (const origin of [`http://inside.example:${Number(port) + 1}`, `https://inside.example:${port}`]) {
    expect(await codeOf(server.at('/'), allowing([origin]))).toBe('bad-port')
  }
  expect(await codeOf('http://inside.example/', allowing([server.origin]))).toBe('blocked-address')
  expect(server.requests).toHaveLength(0)
})

test('follows three redirects, relative ones too, and no fourth', async () => {
  await using server = await serving(({ url }) => {
    const left = Number(new URL(url).searchParams.get('left'))
    return left > 0 ? redirect(`?left=${left - 1}`) : new Response('there')
  })
  const options = allowing([server.origin])
  const response = await safeGet(server.at('/?left=3'), options)
  expect([response.url.search, await textOf(response)]).toEqual(['?left=0', 'there'])
  expect(await codeOf(server.at('/?left=4'), options)).toBe('too-many-redirects')
  expect(await codeOf(server.at('/?left=1000'), options)).toBe('too-many-redirects')
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
  test(`a redirect to ${target} is refused as ${code}`, async () => {
    await using server = await serving(() => redirect(target))
    expect(await codeOf(server.at('/'), allowing([server.origin]))).toBe(code)
  })
}

test('a redirect from an allowed origin does not reach a private one that is not', async () => {
  await using secret = await serving(() => new Response('secret'))
  await using server = await serving(() => redirect(secret.at('/')))
  expect(await codeOf(server.at('/'), allowing([server.origin]))).toBe('bad-port')
  expect(secret.requests).toHaveLength(0)
  expect(await textOf(await safeGet(server.at('/'), allowing([server.origin, secret.origin])))).toBe('secret')
})

test('headers go to their own origin, and never to another nor back from it', async () => {
  await using other = await serving(() => redirect(home.at('/back')))
  await using home = await serving(({ url }) => {
    if (url.endsWith('/start')) return redirect('/next')
    return url.endsWith('/next') ? redirect(other.at('/')) : new Response('ok')
  })
  const headers = { authorization: 'Key secret' }
  await textOf(await safeGet(home.at('/start'), allowing([home.origin, other.origin], { headers })))
  const sent = [...home.requests, ...other.requests].map(({ path, headers }) => [path, headers.authorization])
  expect(sent).toEqual([
    ['/start', 'Key secret'],
    ['/next', 'Key secret'],
    ['/back', undefined],
    ['/', undefined],
  ])
})

for (const status of [301, 304, 400, 404, 410, 429, 500, 503]) {
  test(`an answer of ${status} is an error that carries it`, async () => {
    await using server = await serving(() => new Response('secret of the server', { status }))
    const error = await errorOf(server.at('/'), allowing([server.origin]))
    expect([error.code, error.status]).toEqual(['status', status])
    expect(error.message).not.toContain('secret')
  })
}

test('only accepted types are read', async () => {
  await using server = await serving(() => new Response('<p>', { headers: { 'content-type': 'text/html' } }))
  expect(await codeOf(server.at('/'), allowing([server.origin], { accept: /^(image|video)\// }))).toBe('wrong-type')
  expect(await codeOf(server.at('/'), allowing([server.origin], { accept: ['image/png'] }))).toBe('wrong-type')
  expect(await codeOf(server.at('/'), allowing([server.origin], { accept: ['text/html'] }))).toBe('nothing')
})

test('no error shows a path, a query or a password', async () => {
  await using server = await serving(() => new Response('', { status: 404 }))
  const addresses = ['http://127.0.0.1', 'http://u:SECRET@public.example', 'ftp://public.example', server.origin]
  for (const address of [...addresses, 'http://public.example:22', 'http://nxdomain.example']) {
    const error = await errorOf(`${address}/SECRET?SECRET=SECRET#SECRET`, allowing([server.origin]))
    expect(error.message).not.toContain('SECRET')
  }
})

function redirect(location: string): Response {
  return new Response('elsewhere', { status: 302, headers: { location } })
}
