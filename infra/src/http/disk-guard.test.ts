import { expect, test } from 'bun:test'
import { MIN_WRITE_BYTES } from '../runtime/disk-space.ts'
import { createDiskGuard } from './disk-guard.ts'

/** Creates a guard of a disk with the given free space; `looks` counts how often that was read. */
function createGuard(getFree: () => Promise<number>) {
  const looks: string[] = []
  const guard = createDiskGuard({
    folder: '/data',
    getFree: folder => {
      looks.push(folder)
      return getFree()
    },
  })
  const send = (method: string) =>
    guard(new Request('http://localhost/api/generate', { method })).then(
      () => 'taken',
      error => error.code,
    )
  return { send, looks }
}

test.each(['POST', 'PATCH', 'DELETE', 'PUT'])('refuses %s below the limit, and not at it', async method => {
  expect(await createGuard(async () => MIN_WRITE_BYTES - 1).send(method)).toBe('disk_full')
  expect(await createGuard(async () => MIN_WRITE_BYTES).send(method)).toBe('taken')
})

test('reading is never refused, and costs no look at the disk', async () => {
  const { send, looks } = createGuard(async () => 0)
  expect([await send('GET'), await send('HEAD'), looks.length]).toEqual(['taken', 'taken', 0])
})

test('requests at the same time share one look at the disk', async () => {
  const { send, looks } = createGuard(async () => 0)
  expect(await Promise.all([send('POST'), send('POST'), send('DELETE')])).toEqual([
    'disk_full',
    'disk_full',
    'disk_full',
  ])
  expect(looks).toEqual(['/data'])
})

test('a disk that cannot be examined refuses nothing', async () => {
  expect(await createGuard(() => Promise.reject(new Error('ENOENT'))).send('POST')).toBe('taken')
})
