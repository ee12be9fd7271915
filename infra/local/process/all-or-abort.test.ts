import { expect, test } from 'bun:test'
import { allOrAbort } from './all-or-abort.ts'

const NEVER = new AbortController().signal

test('returns the results in the order of the tasks', async () => {
  expect(await allOrAbort(NEVER, [async () => 1, async () => 'two'])).toEqual([1, 'two'])
})

test('aborts and awaits the other tasks on the first failure', async () => {
  const ended: string[] = []
  const slow = async (signal: AbortSignal) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    await Promise.resolve()
    ended.push('slow')
    throw new Error('given up')
  }
  const failing = async () => {
    throw new Error('broken')
  }
  expect(await allOrAbort(NEVER, [slow, failing]).catch(error => error.message)).toBe('broken')
  expect(ended).toEqual(['slow'])
})
