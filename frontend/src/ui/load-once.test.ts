import { expect, test } from 'bun:test'
import { createLoadOnce } from './load-once.ts'

test('loads once for everything that requests it, and has it at hand then', async () => {
  let count = 0
  const part = createLoadOnce(async () => ++count)
  expect(part.current()).toBeUndefined()
  const requests = [part.request(), part.request()]
  await part.preload()
  expect(await Promise.all(requests)).toEqual([1, 1])
  expect([part.current(), await part.request(), count]).toEqual([1, 1, 1])
})

test('loads again after a failure, which a preload does not report', async () => {
  const results = [Promise.reject(new Error('offline')), Promise.reject(new Error('offline')), Promise.resolve('part')]
  for (const result of results) result.catch(() => undefined)
  const part = createLoadOnce(() => results.shift() ?? Promise.reject(new Error('too often')))
  await part.preload()
  expect(part.current()).toBeUndefined()
  expect(await part.request().catch(error => error.message)).toBe('offline')
  expect(await part.request()).toBe('part')
  expect(part.current()).toBe('part')
})
