import { expect, test } from 'bun:test'
import { createOriginCheck } from './origin.ts'
import { ProblemError } from './problem.ts'

const LOCAL = { PORT: 3000 }
const NAMED = { PORT: 3000, PUBLIC_URL: 'https://studio.example/ignored' }
const ODD_PORT = { PORT: 3000, PUBLIC_URL: 'http://studio.example:8080' }
const USUAL_PORT = { PORT: 80 }

for (const [config, host, origin, isAccepted] of [
  [LOCAL, 'localhost:3000', undefined, true],
  [LOCAL, '127.0.0.1:3000', undefined, true],
  [LOCAL, '[::1]:3000', undefined, true],
  [LOCAL, 'LocalHost:3000', undefined, true],
  [LOCAL, 'localhost:3000', 'http://localhost:3000', true],
  [LOCAL, 'localhost:3000', 'http://127.0.0.1:3000', true],
  [LOCAL, '[::1]:3000', 'http://[::1]:3000', true],
  [LOCAL, 'localhost', undefined, false],
  [LOCAL, 'localhost:3001', undefined, false],
  [LOCAL, 'localhost:3000.evil.example', undefined, false],
  [LOCAL, 'localhost.evil.example:3000', undefined, false],
  [LOCAL, 'evil.example:3000', undefined, false],
  [LOCAL, '127.0.0.2:3000', undefined, false],
  [LOCAL, '0.0.0.0:3000', undefined, false],
  [LOCAL, '', undefined, false],
  [LOCAL, 'localhost:3000', 'http://localhost:3001', false],
  [LOCAL, 'localhost:3000', 'https://localhost:3000', false],
  [LOCAL, 'localhost:3000', 'http://evil.example', false],
  [LOCAL, 'localhost:3000', 'null', false],
  [LOCAL, 'localhost:3000', '', false],
  [LOCAL, 'localhost:3000', 'http://localhost:3000/', false],
  [NAMED, 'studio.example', 'https://studio.example', true],
  [NAMED, 'STUDIO.example', undefined, true],
  [NAMED, 'studio.example', 'http://studio.example', false],
  [NAMED, 'localhost:3000', undefined, false],
  [NAMED, 'studio.example:3000', undefined, false],
  [ODD_PORT, 'studio.example:8080', 'http://studio.example:8080', true],
  [ODD_PORT, 'studio.example', undefined, false],
  [USUAL_PORT, 'localhost', 'http://localhost', true],
] as const) {
  const request = `Host ${JSON.stringify(host)} and ${origin === undefined ? 'no Origin' : `Origin ${JSON.stringify(origin)}`}`
  test(`with ${JSON.stringify(config)}, ${isAccepted ? 'accepts' : 'rejects'} ${request}`, () => {
    const headers = { host, ...(origin === undefined ? {} : { origin }) }
    expect(getErrorCode(config, new Request('http://other.example/', { headers }))).toBe(
      isAccepted ? undefined : 'forbidden',
    )
  })
}

test('uses the host of the URL when there is no Host header', () => {
  expect(getErrorCode(LOCAL, new Request('http://localhost:3000/'))).toBeUndefined()
  expect(getErrorCode(LOCAL, new Request('http://evil.example:3000/'))).toBe('forbidden')
})

for (const [method, path, site, mode, destination, isAccepted] of [
  ['GET', '/api/events', 'same-origin', 'cors', 'empty', true],
  ['GET', '/', 'none', 'navigate', 'document', true],
  ['GET', '/api/download?ids=1', 'same-origin', 'navigate', 'document', true],
  ['GET', '/', 'cross-site', 'navigate', 'document', true],
  ['GET', '/media/w/1/x.png', 'cross-site', 'navigate', 'document', true],
  ['GET', '/api/events', 'cross-site', 'no-cors', 'image', false],
  ['GET', '/api/events', 'cross-site', 'cors', 'empty', false],
  ['GET', '/api/events', 'same-site', 'cors', 'empty', false],
  ['GET', '/api/download?ids=1', 'cross-site', 'navigate', 'document', false],
  ['GET', '//api/generations', 'cross-site', 'navigate', 'document', false],
  ['GET', '/media/w/1/x.png', 'cross-site', 'no-cors', 'image', false],
  ['GET', '/', 'cross-site', 'navigate', 'iframe', false],
  ['GET', '/', 'same-site', 'no-cors', 'script', false],
  ['POST', '/', 'cross-site', 'navigate', 'document', false],
  ['GET', '/api/events', 'anything', 'cors', 'empty', false],
] as const) {
  test(`${isAccepted ? 'accepts' : 'rejects'} ${method} ${path} from ${site} as ${mode} ${destination}`, () => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination }
    const code = getErrorCode(LOCAL, new Request(`http://localhost:3000${path}`, { method, headers }))
    expect(code).toBe(isAccepted ? undefined : 'forbidden')
  })
}

test('accepts further hosts where there are some', () => {
  const request = new Request('http://ingest:8080/metrics')
  expect(() => createOriginCheck(LOCAL)(request)).toThrow(ProblemError)
  createOriginCheck(LOCAL, ['ingest:8080'])(request)
})

function getErrorCode(config: Parameters<typeof createOriginCheck>[0], request: Request): string | undefined {
  try {
    createOriginCheck(config)(request)
    return undefined
  } catch (error) {
    return error instanceof ProblemError ? error.code : String(error)
  }
}
