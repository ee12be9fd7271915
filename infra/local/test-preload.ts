import { afterAll } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Runs before every test file. Built-ins only, until it is sure that the rest is installed. */

const CLOSE_MS = 20_000

if (!existsSync(join(import.meta.dirname, '..', '..', 'node_modules'))) {
  throw new Error('Nothing is installed yet: run `bun run test` once, it prepares what the tests need.')
}

const { closeTesting } = await import('../src/testing.ts')

afterAll(closeTesting, CLOSE_MS)
