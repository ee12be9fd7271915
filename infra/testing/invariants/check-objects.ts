import { objectKeys } from '@darkroom/contracts/previews'
import type { TestStack } from '../studio/test-stack.ts'

export interface ObjectReport {
  objects: number
  /** Objects that no row names, nor the list of objects to be removed. */
  unreferenced: number
  violations: string[]
}

/** Checks I11: every object that a row names exists. Counts the objects that no row names: they are removed after a day. */
export async function checkObjects({ sql, store }: Pick<TestStack, 'sql' | 'store'>): Promise<ObjectReport> {
  const keys = new Set(await Array.fromAsync(store.list(''), ({ key }) => key))
  const rows = await sql<{ key: string; isDue: boolean }[]>`
    select key, false as "isDue" from generation_outputs where coalesce(deleted_from, state) = 'stored'
    union select key, false from reference_images union select key, true from object_removals`
  const named = new Set(rows.flatMap(({ key }) => [key, ...objectKeys(key)]))
  const missing = rows.filter(({ key, isDue }) => !isDue && !keys.has(key))
  return {
    objects: keys.size,
    unreferenced: [...keys].filter(key => key.startsWith('w/') && !named.has(key)).length,
    violations: missing.map(({ key }) => `I11 ${key} is in a row and not in the store`),
  }
}
