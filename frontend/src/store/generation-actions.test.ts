import { expect, test } from 'bun:test'
import { type Api, RejectedError } from '../api.ts'
import type { UndoAction } from '../ui/notices.ts'
import { buildGeneration, createMemoryOutbox } from './generation.fixture.ts'
import { createGenerationActions } from './generation-actions.ts'
import { createGenerationStore } from './generation-store.ts'

const GENERATION = buildGeneration({ outputs: 2 })

/** A studio with one generation, and all that was asked of it and said. */
async function setUp(answers: Partial<Api>) {
  const asked: string[] = []
  const notices: { words: string; undo: UndoAction | undefined }[] = []
  const api = new Proxy({} as Api, {
    get:
      (_, name: keyof Api) =>
      (...args: never[]) => {
        asked.push([name, ...args.map(arg => JSON.stringify(arg))].join(' '))
        return (answers[name] as ((...args: never[]) => unknown) | undefined)?.(...args)
      },
  })
  const page = async () => ({ generations: [GENERATION], nextCursor: null, previousCursor: null })
  const generate = () => Promise.reject(new Error('nothing is to be sent'))
  const store = createGenerationStore({
    fetchPage: page,
    generate,
    outbox: createMemoryOutbox(),
    nextFrame: callback => callback(),
  })
  await store.open()
  const notify = (words: string, undo?: UndoAction) => void notices.push({ words, undo })
  const shown = () => store.current().rows.map(row => row.generation)
  return { ...createGenerationActions({ api, store, notify }), asked, said: notices, shown }
}

test('what the studio says of a cancel is said to the person', async () => {
  const note = 'The provider is asked to stop.'
  const { act: runVerb, asked, said: notices } = await setUp({ cancel: async () => ({ cancelled: true, note }) })
  await runVerb('cancel', GENERATION)
  expect([asked, notices.map(({ words }) => words)]).toEqual([[`cancel "${GENERATION.id}"`], [note]])
})

test('what is reopened is shown as the studio answers it, and asked for once however often it is pressed', async () => {
  const answer = Promise.withResolvers<typeof GENERATION>()
  const { act: runVerb, asked, shown } = await setUp({ reopen: () => answer.promise })
  const pressed = [runVerb('complete', GENERATION), runVerb('complete', GENERATION)]
  answer.resolve({ ...GENERATION, status: 'queued', version: 2 })
  await Promise.all(pressed)
  expect(asked).toEqual([`reopen "${GENERATION.id}" "complete"`])
  expect(shown()[0]?.status).toBe('queued')
})

test('a refusal is said in the studio’s words', async () => {
  const words = 'The provider gave no number to ask by.'
  const { act: runVerb, said: notices } = await setUp({ reopen: () => Promise.reject(new RejectedError(words)) })
  await runVerb('check', GENERATION)
  expect(notices.map(notice => notice.words)).toEqual([words])
})

test('what was deleted can be had back for a while', async () => {
  const restored = { ...GENERATION, version: 3 }
  const { remove, asked, said: notices, shown } = await setUp({ remove: async () => {}, restore: async () => restored })
  await remove(GENERATION)
  expect(shown()).toEqual([])
  expect(notices[0]).toMatchObject({ words: 'Deleted.', undo: { label: 'Undo' } })
  notices[0]?.undo?.run()
  await Promise.resolve()
  expect(asked).toEqual([`remove "${GENERATION.id}"`, `restore "${GENERATION.id}"`])
  expect(shown()).toEqual([restored])
})

test('a favourite is shown before the studio knows, and taken back if it refuses', async () => {
  const answer = Promise.withResolvers<typeof GENERATION>()
  const { favour: setFavourite, asked, said: notices, shown } = await setUp({ setFavourite: () => answer.promise })
  const favouring = setFavourite(GENERATION, 1, true)
  expect(shown()[0]?.outputs.map(output => output.favourite)).toEqual([false, true])
  expect(shown()[0]?.favourite).toBe(true)
  answer.reject(new RejectedError('It is in the trash.'))
  await favouring
  expect(asked).toEqual([`setFavourite "${GENERATION.id}" {"outputIndex":1,"favourite":true}`])
  expect(shown()).toEqual([GENERATION])
  expect(notices[0]?.words).toBe('It is in the trash.')
})
