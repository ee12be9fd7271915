import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitUntil } from './wait-until.ts'

const SCRIPT = `
  import { findNpxChain, isNpxChainIntact, isSignalIgnored } from '${join(import.meta.dirname, 'ancestors.ts')}'
  const chain = findNpxChain()
  await Bun.write(process.argv[2], JSON.stringify({ length: chain.length, isHangupIgnored: isSignalIgnored(1) }))
  while (chain.length > 0 && isNpxChainIntact(chain)) await Bun.sleep(10)
  await Bun.write(process.argv[2] + '.end', 'npx is gone')
`

interface Seen {
  length: number
  isHangupIgnored: boolean
}

async function readWhenWritten(file: string): Promise<string> {
  const wait = { what: file, milliseconds: 60_000, signal: AbortSignal.timeout(60_000), intervalMs: 20 }
  return await waitUntil(async () => (await readFile(file, 'utf8').catch(() => '')) || undefined, wait)
}

/** Runs the script by a shell script. `$BUN $SCRIPT $SEEN` is its command. */
async function runScript(shell: string) {
  const directory = await createTestDirectory()
  const [script, seen] = [join(directory.path, 'script.ts'), join(directory.path, 'seen.json')]
  await Bun.write(script, SCRIPT)
  await Bun.write(join(directory.path, 'npx'), shell)
  const env = { BUN: process.execPath, SCRIPT: script, SEEN: seen, PATH: process.env.PATH ?? '' }
  const child = Bun.spawn(['/bin/sh', join(directory.path, 'npx')], { env, stdout: 'ignore', stderr: 'ignore' })
  return {
    child,
    seen: async (): Promise<Seen> => JSON.parse(await readWhenWritten(seen)),
    end: () => readWhenWritten(`${seen}.end`),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await child.exited
      await directory[Symbol.asyncDispose]()
    },
  }
}

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('notices the end of npx by %s', async signal => {
  await using run = await runScript(`sh -c "'$BUN' '$SCRIPT' '$SEEN'; true" & wait`)
  expect((await run.seen()).length).toBeGreaterThanOrEqual(2)
  run.child.kill(signal)
  expect(await run.end()).toBe('npx is gone')
})

test('does not watch a parent that npx is behind', async () => {
  await using run = await runScript(`timeout 60 "$BUN" "$SCRIPT" "$SEEN" & wait`)
  expect(await run.seen()).toEqual({ length: 0, isHangupIgnored: false })
})

test('finds that nohup ignores SIGHUP', async () => {
  await using run = await runScript(`nohup "$BUN" "$SCRIPT" "$SEEN" & wait`)
  expect((await run.seen()).isHangupIgnored).toBe(true)
})
