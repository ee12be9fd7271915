import { expect, test } from 'bun:test'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { startChildProcess } from './child-process.ts'
import { forEachLine } from './line-splitter.ts'
import { isProcessRunning } from './orphan-process.ts'
import { waitUntil } from './wait-until.ts'

function startShell(script: string, file: string) {
  return startChildProcess({ command: ['/bin/sh', '-c', script], env: {}, output: { file }, stopSignal: 'SIGTERM' })
}

async function waitUntilExited(pid: number): Promise<true> {
  const wait = { what: `The end of ${pid}`, milliseconds: 60_000, signal: AbortSignal.timeout(60_000) }
  return await waitUntil(async () => ((await isProcessRunning(pid, '')) ? undefined : true), wait)
}

test('stops on its stop signal, and reports the exit code', async () => {
  await using directory = await createTestDirectory()
  const child = startShell(
    'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.02; done',
    `${directory.path}/log`,
  )
  const lines = () => child.lastLines()
  const wait = { what: 'its first line', milliseconds: 60_000, signal: AbortSignal.timeout(60_000) }
  await waitUntil(async () => ((await lines()).includes('up') ? true : undefined), wait)
  await child.stop(60_000)
  expect(await child.exited).toBe('exit 0')
  expect(await lines()).toEqual(['up', 'bye'])
})

test('is killed with its own child processes when it does not stop in time', async () => {
  await using directory = await createTestDirectory()
  const child = startShell('trap "" TERM; sleep 600 & echo $!; wait; sleep 600', `${directory.path}/log`)
  const wait = { what: 'its first line', milliseconds: 60_000, signal: AbortSignal.timeout(60_000) }
  const grandchild = await waitUntil(async () => (await child.lastLines())[0], wait)
  await child.stop(50)
  expect(await child.exited).toBe('SIGKILL')
  expect(await waitUntilExited(Number(grandchild))).toBe(true)
})

test('stops when the process that started it is killed', async () => {
  await using directory = await createTestDirectory()
  const script = `
    import { startChildProcess } from '${import.meta.dirname}/child-process.ts'
    const output = { file: '${directory.path}/log' }
    console.log(startChildProcess({ command: ['/bin/sleep', '600'], env: {}, output, stopSignal: 'SIGTERM' }).pid)
    await Bun.sleep(600_000)
  `
  const launcher = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
  const { promise: started, resolve } = Promise.withResolvers<number>()
  void forEachLine(launcher.stdout, line => resolve(Number(line)))
  const pid = await started
  const wait = { what: 'its command', milliseconds: 60_000, signal: AbortSignal.timeout(60_000) }
  await waitUntil(async () => (await isProcessRunning(pid, 'sleep 600')) || undefined, wait)
  launcher.kill('SIGKILL')
  expect(await waitUntilExited(pid)).toBe(true)
})
