import { expect, test } from 'bun:test'
import { type Api, Refusal } from '../api.ts'
import type { Undo } from '../ui/notices.ts'
import { aGeneration, createUnsent } from './generation.fixture.ts'
import { createActing } from './generation-actions.ts'
import { createLibrary } from './generation-store.ts'

const GENERATION = aGeneration({ outputs: 2 })

/** A studio with one generation, and all that was asked of it and said. */
async function acting(answers: Partial<Api>) {
  const asked: string[] = []
  const said: { words: string; undo: Undo | undefined }[] = []
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
  const library = createLibrary({ page, generate, unsent: createUnsent(), nextFrame: callback => callback() })
  await library.open()
  const notify = (words: string, undo?: Undo) => void said.push({ words, undo })
  const shown = () => library.now().rows.map(row => row.generation)
  return { ...createActing({ api, library, notify }), asked, said, shown }
}

test('what the studio says of a cancel is said to the person', async () => {
  const note = 'The provider is asked to stop.'
  const { act, asked, said } = await acting({ cancel: async () => ({ cancelled: true, note }) })
  await act('cancel', GENERATION)
  expect([asked, said.map(({ words }) => words)]).toEqual([[`cancel "${GENERATION.id}"`], [note]])
})

test('what is reopened is shown as the studio answers it, and asked for once however often it is pressed', async () => {
  const answer = Promise.withResolvers<typeof GENERATION>()
  const { act, asked, shown } = await acting({ reopen: () => answer.promise })
  const pressed = [act('complete', GENERATION), act('complete', GENERATION)]
  answer.resolve({ ...GENERATION, status: 'queued', version: 2 })
  await Promise.all(pressed)
  expect(asked).toEqual([`reopen "${GENERATION.id}" "complete"`])
  expect(shown()[0]?.status).toBe('queued')
})

test('a refusal is said in the studio’s words', async () => {
  const words = 'The provider gave no number to ask by.'
  const { act, said } = await acting({ reopen: () => Promise.reject(new Refusal(words)) })
  await act('check', GENERATION)
  expect(said.map(notice => notice.words)).toEqual([words])
})

test('what was deleted can be had back for a while', async () => {
  const restored = { ...GENERATION, version: 3 }
  const { remove, asked, said, shown } = await acting({ remove: async () => {}, restore: async () => restored })
  await remove(GENERATION)
  expect(shown()).toEqual([])
  expect(said[0]).toMatchObject({ words: 'Deleted.', undo: { label: 'Undo' } })
  said[0]?.undo?.run()
  await Promise.resolve()
  expect(asked).toEqual([`remove "${GENERATION.id}"`, `restore "${GENERATION.id}"`])
  expect(shown()).toEqual([restored])
})

test('a favourite is shown before the studio knows, and taken back if it refuses', async () => {
  const answer = Promise.withResolvers<typeof GENERATION>()
  const { favour, asked, said, shown } = await acting({ favour: () => answer.promise })
  const favouring = favour(GENERATION, 1, true)
  expect(shown()[0]?.outputs.map(output => output.favourite)).toEqual([false, true])
  expect(shown()[0]?.favourite).toBe(true)
  answer.reject(new Refusal('It is in the trash.'))
  await favouring
  expect(asked).toEqual([`favour "${GENERATION.id}" {"outputIndex":1,"favourite":true}`])
  expect(shown()).toEqual([GENERATION])
  expect(said[0]?.words).toBe('It is in the trash.')
})
