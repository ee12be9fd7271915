import type { OutputState } from '@darkroom/contracts/enums'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import {
  type DeletableOutput,
  insertOutputEvent,
  markDeleted,
  markRestored,
  readDeletableOutputs,
} from './deleted-output-rows.ts'
import type { LockedGeneration } from './lock-rows.ts'
import { assertNotTrashed, updateGeneration } from './with-generation.ts'

const SHOWN: readonly OutputState[] = ['stored', 'temporary']
const UNFINISHED_STATES: readonly OutputState[] = ['pending', 'saving']
const UNFINISHED = 'It is still being made. Wait until it has ended, or cancel it first.'
const LAST_OUTPUT = 'It is the last picture of its generation. Delete the whole generation instead.'
const PURGED = 'It was deleted too long ago, and its file is removed.'

/**
 * Deletes one output of a generation that has ended. It can be restored until it is purged. One that is deleted stays as it is.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `conflict` if the generation is in the trash or has not ended; `last_output` if nothing else of it
 *   could be shown
 */
export async function deleteOutput(
  deps: { database: Database },
  identity: Identity,
  { id, index }: { id: string; index: number },
): Promise<string> {
  return await updateGeneration(deps, identity, id, async (tx, generation) => {
    assertNotTrashed(generation)
    const outputs = await readDeletableOutputs(tx, generation)
    const output = findOutput(outputs, index)
    if (output.state === 'deleted') return
    if (!isTerminal(generation.status) || UNFINISHED_STATES.includes(output.state))
      throw new ProblemError('conflict', UNFINISHED)
    assertNotLast(outputs, output)
    await markDeleted(tx, generation, index)
    await recordChange(tx, generation, `output ${index} deleted`)
  })
}

/**
 * Restores a deleted output as it was before. One that is not deleted stays as it is.
 *
 * @returns the generation's JSON text
 * @throws ProblemError `not_found`; `conflict` if the generation is in the trash; `gone` if the output is purged
 */
export async function restoreOutput(
  deps: { database: Database },
  identity: Identity,
  { id, index }: { id: string; index: number },
): Promise<string> {
  return await updateGeneration(deps, identity, id, async (tx, generation) => {
    assertNotTrashed(generation)
    const output = findOutput(await readDeletableOutputs(tx, generation), index)
    if (output.state !== 'deleted') return
    if (output.isPurged) throw new ProblemError('gone', PURGED)
    await markRestored(tx, generation, index)
    await recordChange(tx, generation, `output ${index} restored`)
  })
}

function findOutput(outputs: readonly DeletableOutput[], index: number): DeletableOutput {
  const output = outputs.find(other => other.index === index)
  if (!output) throw new ProblemError('not_found', 'There is no such picture in this generation.')
  return output
}

/** Checks that a generation still shows something without an output. @throws ProblemError `last_output` */
function assertNotLast(outputs: readonly DeletableOutput[], output: DeletableOutput): void {
  const others = outputs.filter(other => other !== output && other.state !== 'deleted')
  const isLastShown = SHOWN.includes(output.state) && !others.some(other => SHOWN.includes(other.state))
  if (others.length === 0 || isLastShown) throw new ProblemError('last_output', LAST_OUTPUT)
}

async function recordChange(tx: Transaction, generation: LockedGeneration, detail: string): Promise<void> {
  await insertOutputEvent(tx, generation, detail)
  await bumpVersion(tx, generation)
}
