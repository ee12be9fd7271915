import { expect, test } from 'bun:test'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { lockFile } from './lock.ts'

test('is exclusive', async () => {
  await using directory = await createTestDirectory()
  const unlock = lockFile(`${directory.path}/lock`)
  expect(lockFile(`${directory.path}/lock`)).toBeUndefined()
  unlock?.()
  const again = lockFile(`${directory.path}/lock`)
  expect(again).toBeFunction()
  again?.()
})

test('is released when its process is killed', async () => {
  await using directory = await createTestDirectory()
  const script = `
    import { lockFile } from '${import.meta.dirname}/lock.ts'
    const unlock = lockFile('${directory.path}/lock')
    process.stdout.write(unlock ? 'locked' : 'refused')
    setInterval(() => unlock.name, 1_000)
  `
  const holder = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
  const output = await holder.stdout.getReader().read()
  expect(Buffer.from(output.value ?? []).toString()).toBe('locked')
  expect(lockFile(`${directory.path}/lock`)).toBeUndefined()
  holder.kill('SIGKILL')
  await holder.exited
  const unlock = lockFile(`${directory.path}/lock`)
  expect(unlock).toBeFunction()
  unlock?.()
})

test('names a file that cannot be written', async () => {
  await using directory = await createTestDirectory()
  expect(() => lockFile(`${directory.path}/no/lock`)).toThrow('/no/lock cannot be written by this user.')
})
