import { expect, test } from 'bun:test'
import { testDirectory } from '../../testing/test-resources.ts'
import { startChild } from './child-process.ts'
import { isRunning } from './orphan-process.ts'
import { eachLine } from './process-output.ts'
import { until } from './wait-until.ts'

function startShell(script: string, file: string) {
  return startChild({ command: ['/bin/sh', '-c', script], env: {}, output: { file }, stopSignal: 'SIGTERM' })
}

async function gone(pid: number): Promise<true> {
  const wait = { what: `The end of ${pid}`, milliseconds: 4_000, signal: AbortSignal.timeout(5_000) }
  return await until(async () => ((await isRunning(pid, '')) ? undefined : true), wait)
}

test('stops on its signal, and says how', async () => {
  await using directory = await testDirectory()
  const child = startShell(
    'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.02; done',
    `${directory.path}/log`,
  )
  const lines = () => child.lastLines()
  const wait = { what: 'its first line', milliseconds: 4_000, signal: AbortSignal.timeout(5_000) }
  await until(async () => ((await lines()).includes('up') ? true : undefined), wait)
  await child.stop(4_000)
  expect(await child.exited).toBe('exit 0')
  expect(await lines()).toEqual(['up', 'bye'])
})

test('is killed when it does not stop in time, with what it started', async () => {
  await using directory = await testDirectory()
  const child = startShell('trap "" TERM; sleep 60 & echo $!; wait; sleep 60', `${directory.path}/log`)
  const wait = { what: 'its first line', milliseconds: 4_000, signal: AbortSignal.timeout(5_000) }
  const grandchild = await until(async () => (await child.lastLines())[0], wait)
  await child.stop(50)
  expect(await child.exited).toBe('SIGKILL')
  expect(await gone(Number(grandchild))).toBe(true)
})

test('stops when the process that started it is killed', async () => {
  await using directory = await testDirectory()
  const script = `
    import { startChild } from '${import.meta.dirname}/child-process.ts'
    const output = { file: '${directory.path}/log' }
    console.log(startChild({ command: ['/bin/sleep', '60'], env: {}, output, stopSignal: 'SIGTERM' }).pid)
    await Bun.sleep(60_000)
  `
  const launcher = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
  const { promise: started, resolve } = Promise.withResolvers<number>()
  void eachLine(launcher.stdout, line => resolve(Number(line)))
  const pid = await started
  expect(await isRunning(pid, 'sleep 60')).toBe(true)
  launcher.kill('SIGKILL')
  expect(await gone(pid)).toBe(true)
})
