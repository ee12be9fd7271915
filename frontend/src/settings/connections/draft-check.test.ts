import { expect, test } from 'bun:test'
import type { ConnectionChange, NewConnection } from '@darkroom/contracts/connection'
import { RejectedError } from '../../request-error.ts'
import { buildConnection } from './connection.fixture.ts'
import { createDraftCheck, type DraftProgress, isComplete, normalizeBaseUrl } from './draft-check.ts'

const OPENAI_URL = 'https://api.openai.com/v1'
const OPENAI = { kind: 'openai', key: 'sk-1', baseUrl: '' } as const
const SERVER = { kind: 'openai-compatible', key: '', baseUrl: '192.168.1.20:8080/v1' } as const

function setUp() {
  const requests: [string, (NewConnection | ConnectionChange | string)?][] = []
  const progress: DraftProgress[] = []
  let refusal: Error | null = null
  let blocked: Promise<void> | null = null
  let added = 0
  const answer = async (id: string) => {
    await blocked
    if (refusal) throw refusal
    return buildConnection({ id, draft: true, state: { kind: 'checking' } })
  }
  const draft = createDraftCheck({
    api: {
      add: body => {
        requests.push(['POST', body])
        added += 1
        return answer(`draft-${added}`)
      },
      change: (id, body) => {
        requests.push([`PATCH ${id}`, body])
        return answer(id)
      },
      remove: async id => void requests.push([`DELETE ${id}`]),
    },
    onProgress: now => progress.push(now),
    onConnection: () => {},
    onRemoved: () => {},
    debounceMs: 5,
  })
  return {
    draft,
    requests,
    progress,
    refuse: (error: Error | null) => {
      refusal = error
    },
    block: (until: Promise<void>) => {
      blocked = until
    },
    /** Resolves when the progress is in a phase, which the last change of the fields leads to. */
    reach: async (phase: DraftProgress['phase']) => {
      while (progress.at(-1)?.phase !== phase) await Bun.sleep(1)
      return progress.at(-1)
    },
  }
}

test('sends one draft when typing stops, and changes it afterwards', async () => {
  const { draft, requests, reach } = setUp()
  draft.input({ ...OPENAI, key: 's' })
  draft.input({ ...OPENAI, key: 'sk' })
  draft.input(OPENAI)
  expect((await reach('sent'))?.id).toBe('draft-1')
  draft.input({ ...OPENAI, key: ' sk-2 ' })
  await reach('sent')
  expect(requests).toEqual([
    ['POST', { kind: 'openai', draft: true, baseUrl: OPENAI_URL, key: 'sk-1' }],
    ['PATCH draft-1', { baseUrl: OPENAI_URL, key: 'sk-2' }],
  ])
})

test('sends the key with the address, and an address with its scheme', async () => {
  const { draft, requests, reach } = setUp()
  draft.input(SERVER)
  await reach('sent')
  draft.input({ ...SERVER, key: 'secret', baseUrl: 'https://example.org' })
  await reach('sent')
  expect(requests).toEqual([
    ['POST', { kind: 'openai-compatible', draft: true, baseUrl: 'http://192.168.1.20:8080/v1' }],
    ['PATCH draft-1', { key: 'secret', baseUrl: 'https://example.org' }],
  ])
})

test('shows a refusal, and makes a draft anew where the studio has dropped it', async () => {
  const { draft, requests, refuse, reach } = setUp()
  refuse(new RejectedError('Key has a character that no key has.', { status: 422 }))
  draft.input(OPENAI)
  expect((await reach('refused'))?.problem).toBe('Key has a character that no key has.')
  refuse(null)
  draft.sendNow(OPENAI)
  await reach('sent')
  refuse(new RejectedError('Not found.', { status: 404 }))
  draft.sendNow(OPENAI)
  await reach('refused')
  expect(requests.map(([request]) => request)).toEqual(['POST', 'POST', 'PATCH draft-2', 'POST'])
})

test('removes the draft when the fields are left, also one that is still being sent', async () => {
  const { draft, requests, block, reach } = setUp()
  draft.input(OPENAI)
  await reach('sent')
  const { promise, resolve } = Promise.withResolvers<void>()
  block(promise)
  draft.input(SERVER)
  await reach('sending')
  await Bun.sleep(1)
  draft.discard()
  resolve()
  while (requests.length < 4) await Bun.sleep(1)
  expect(requests.map(([request]) => request)).toEqual(['POST', 'DELETE draft-1', 'POST', 'DELETE draft-2'])
})

test('adds what was checked under its name, and removes nothing afterwards', async () => {
  const { draft, requests, reach } = setUp()
  draft.input(OPENAI)
  await reach('sent')
  await draft.confirm(' Client work ', { maxOpenCalls: 8 })
  draft.discard()
  expect(requests.at(-1)).toEqual(['PATCH draft-1', { draft: false, name: 'Client work', maxOpenCalls: 8 }])
})

test('is complete with what the kind needs', () => {
  expect(isComplete(OPENAI)).toBe(true)
  expect(isComplete({ ...OPENAI, key: ' ' })).toBe(false)
  expect(isComplete({ ...OPENAI, baseUrl: 'https://proxy.example.org/v1' })).toBe(true)
  expect(isComplete(SERVER)).toBe(true)
  expect(isComplete({ kind: 'local', key: '', baseUrl: '' })).toBe(false)
  for (const baseUrl of ['', 'http://', 'ftp://a', 'http://a b']) expect(isComplete({ ...SERVER, baseUrl })).toBe(false)
  expect(normalizeBaseUrl(' localhost:8080 ')).toBe('http://localhost:8080')
})
