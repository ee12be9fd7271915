import { afterAll, expect, test } from 'bun:test'
import { createTranscript, MAX_BODY_BYTES } from './transcript.ts'

const KEY = 'canary-secret-text'
const LONG = `${'word '.repeat(MAX_BODY_BYTES / 5 - 2)}${KEY} and ${'more '.repeat(10_000)}`
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: ({ url }) => new Response(url.endsWith('/long') ? LONG : KEY.repeat(80_000), { headers: { 'x-echo': KEY } }),
})
afterAll(() => server.stop(true))

test('records what the check reads, up to a bound, and never half a key at its end', async () => {
  const transcript = createTranscript([KEY])
  const response = await transcript.fetch(`${server.url}long`, { headers: { authorization: `Bearer ${KEY}` } })
  expect(await response.text()).toBe(LONG)
  const repeated = await transcript.fetch(`${server.url}?q=${KEY}`)
  expect((await repeated.text()).length).toBeGreaterThan(MAX_BODY_BYTES)
  const [long, short] = transcript.entries()
  expect(long).toMatchObject({ method: 'GET', status: 200, requestHeaders: {}, isCut: true, error: null })
  expect(long?.body.length).toBeGreaterThan(MAX_BODY_BYTES / 2)
  expect(long?.body.length).toBeLessThan(MAX_BODY_BYTES)
  expect(short).toMatchObject({ url: `${server.url}?q=<key>`, isCut: true })
  expect(short?.body).toMatch(/^(<key>)+(<(k(ey?)?)?)?$/)
  expect(JSON.stringify(transcript.entries())).not.toContain('canary')
})

test('passes on a cancel and an error, and records that no answer came', async () => {
  const transcript = createTranscript([KEY])
  const response = await transcript.fetch(`${server.url}long`)
  await response.body?.cancel()
  await expect(transcript.fetch('http://127.0.0.1:1/')).rejects.toThrow()
  expect(transcript.entries()[0]).toMatchObject({ status: 200, isCut: false, error: null })
  expect(transcript.entries()[1]).toMatchObject({ status: null, body: '', error: expect.stringMatching(/./) })
})
