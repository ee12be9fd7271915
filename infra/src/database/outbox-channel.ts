/** Channel of the notifications that a transaction with messages for the outbox sends. */
export const OUTBOX_CHANNEL = 'outbox'
