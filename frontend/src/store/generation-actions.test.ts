import { expect, test } from 'bun:test'
import type { Api } from '../api.ts'
import { RejectedError, UnavailableError } from '../request-error.ts'
import type { ChangeNotice, Notices } from '../ui/notices.ts'
import { buildGeneration, createMemoryOutbox } from './generation.fixture.ts'
import { createGenerationActions } from './generation-actions.ts'
import { createGenerationStore } from './generation-store.ts'

const GENERATION = buildGeneration({ outputs: 2 })

const UNAVAILABLE = new UnavailableError('Starting again.', { status: 503 })
const fail = () => Promise.reject(new Error('no request is expected'))
const flush = () => new Promise(resolve => setTimeout(resolve, 0))

/** Creates a studio with one generation. Records the requests that it gets and the notices that are shown. */
async function setUp(answers: Partial<Api>) {
  const requests: string[] = []
  const notices: ChangeNotice[] = []
  const api = new Proxy({} as Api, {
    get:
      (_, name: keyof Api) =>
      (...args: never[]) => {
        requests.push([name, ...args.map(arg => JSON.stringify(arg))].join(' '))
        return (answers[name] as ((...args: never[]) => unknown) | undefined)?.(...args)
      },
  })
  const fetchPage = async () => ({ generations: [GENERATION], nextCursor: null, previousCursor: null })
  const generate = () => Promise.reject(new Error('no submission is expected'))
  const store = createGenerationStore({
    fetchPage,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callback => callback(),
  })
  await store.open()
  const notify: Notices['notify'] = (message, action = null) => void notices.push({ message, action })
  const runRevertible: Notices['runRevertible'] = async change => void notices.push(await change())
  const shown = () => store.current().rows.map(row => row.generation)
  let unavailable = 0
  const onUnavailable = () => {
    unavailable += 1
  }
  const delays: number[] = []
  const setTimer = (callback: () => void, ms: number) => {
    delays.push(ms)
    queueMicrotask(callback)
  }
  const actions = createGenerationActions({ api, store, notify, runRevertible, onUnavailable, setTimer })
  return { ...actions, requests, notices, shown, delays, unavailable: () => unavailable }
}

test('shows the studio’s note about a cancel', async () => {
  const note = 'The provider is requests to stop.'
  const { runAction, requests, notices } = await setUp({ cancel: async () => ({ cancelled: true, note }) })
  await runAction('cancel', GENERATION)
  expect([requests, notices.map(({ message }) => message)]).toEqual([[`cancel "${GENERATION.id}"`], [note]])
})

test('shows a reopened generation as the studio returns it, and requests it once however often the button is pressed', async () => {
  const answer = Promise.withResolvers<typeof GENERATION>()
  const { runAction, requests, shown } = await setUp({ reopen: () => answer.promise })
  const pressed = [runAction('complete', GENERATION), runAction('complete', GENERATION)]
  answer.resolve({ ...GENERATION, status: 'queued', version: 2 })
  await Promise.all(pressed)
  expect(requests).toEqual([`reopen "${GENERATION.id}" "complete"`])
  expect(shown()[0]?.status).toBe('queued')
})

test('shows a refusal in the studio’s words', async () => {
  const problem = 'The provider gave no number to ask by.'
  const { runAction, notices } = await setUp({ reopen: () => Promise.reject(new RejectedError(problem)) })
  await runAction('check', GENERATION)
  expect(notices.map(({ message }) => message)).toEqual([problem])
})

test('offers to undo a deletion', async () => {
  const restored = { ...GENERATION, version: 3 }
  const { remove, requests, notices, shown } = await setUp({ remove: async () => {}, restore: async () => restored })
  await remove(GENERATION)
  expect(shown()).toEqual([])
  expect(notices[0]).toMatchObject({ message: 'Deleted.', action: { label: 'Undo' } })
  notices[0]?.action?.run()
  await flush()
  expect(requests).toEqual([`remove "${GENERATION.id}"`, `restore "${GENERATION.id}"`])
  expect(shown()).toEqual([restored])
})

test('repeats an action that may be made twice while the studio is not available', async () => {
  const note = 'The provider is asked to stop.'
  const answers = [() => Promise.reject(UNAVAILABLE), async () => ({ cancelled: true, note })]
  const { runAction, requests, notices, delays } = await setUp({ cancel: () => answers.shift()?.() ?? fail() })
  await runAction('cancel', GENERATION)
  expect(requests).toHaveLength(2)
  expect(delays).toEqual([500])
  expect(notices.map(({ message }) => message)).toEqual([note])
})

test('reverts an action that the studio could not take, reports it, and offers it again', async () => {
  let isAway = true
  const remove = async () => (isAway ? await Promise.reject(UNAVAILABLE) : undefined)
  const studio = await setUp({ remove })
  await studio.remove(GENERATION)
  expect(studio.delays).toEqual([500, 1_000, 2_000])
  expect(studio.unavailable()).toBe(1)
  expect(studio.shown()).toEqual([GENERATION])
  expect(studio.notices[0]?.message).toContain('Not done')
  expect(studio.notices[0]?.action?.label).toBe('Try again')
  isAway = false
  studio.notices[0]?.action?.run()
  await flush()
  expect(studio.shown()).toEqual([])
  expect(studio.notices[1]?.message).toBe('Deleted.')
})

test('makes a request that buys something once, and offers it again if the studio could not take it', async () => {
  const { runAction, requests, notices } = await setUp({ reopen: () => Promise.reject(UNAVAILABLE) })
  await runAction('retry', GENERATION)
  expect(requests).toHaveLength(1)
  expect(notices[0]?.action?.label).toBe('Try again')
})

test('does not repeat a request that had no response', async () => {
  const { remove, requests } = await setUp({ remove: () => Promise.reject(new UnavailableError('offline')) })
  await remove(GENERATION)
  expect(requests).toHaveLength(1)
})

test('shows a favourite before the studio has answered, and reverts it when it refuses', async () => {
  const answer = Promise.withResolvers<typeof GENERATION>()
  const { setFavourite, requests, notices, shown } = await setUp({ setFavourite: () => answer.promise })
  const favouring = setFavourite(GENERATION, 1, true)
  expect(shown()[0]?.outputs.map(output => output.favourite)).toEqual([false, true])
  expect(shown()[0]?.favourite).toBe(true)
  answer.reject(new RejectedError('It is in the trash.'))
  await favouring
  expect(requests).toEqual([`setFavourite "${GENERATION.id}" {"outputIndex":1,"favourite":true}`])
  expect(shown()).toEqual([GENERATION])
  expect(notices[0]?.message).toBe('It is in the trash.')
})

test('what was deleted permanently meanwhile leaves the page, and says so', async () => {
  const refused = new RejectedError('There is no such generation.', { status: 404 })
  const { remove, shown, notices } = await setUp({ remove: () => Promise.reject(refused) })
  await remove(GENERATION)
  expect([shown(), notices.at(-1)?.message]).toEqual([[], 'It is deleted permanently.'])
})
