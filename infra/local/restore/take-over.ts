import { openDatabase } from '../../src/database/connection.ts'
import { takeOver } from '../../src/database/studio-state.ts'
import { createLog } from '../../src/log.ts'
import { type OpenPartsOptions, openStudioParts } from '../backup/studio-parts.ts'

/** Lets a restored studio submit, poll, rehost and remove. It may be running. @returns whether it did not before */
export async function takeOverStudio(options: OpenPartsOptions): Promise<boolean> {
  await using stack = new AsyncDisposableStack()
  const { databaseUrl: url } = await openStudioParts(stack, options)
  const log = createLog({ service: 'restore', level: 'silent' })
  const database = openDatabase({ url, name: 'darkroom-restore', connections: 1, log })
  stack.defer(() => database.end({ timeout: 1 }))
  return await takeOver(database)
}
