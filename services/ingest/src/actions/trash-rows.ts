import type { Transaction } from '@darkroom/infra/database/connection'

export async function putIntoTrash(tx: Transaction, id: string): Promise<void> {
  await tx`update generations set deleted_at = clock_timestamp() where id = ${id}`
}

export async function takeOutOfTrash(tx: Transaction, id: string): Promise<void> {
  await tx`update generations set deleted_at = null where id = ${id}`
}
