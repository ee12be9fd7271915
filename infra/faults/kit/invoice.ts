import { checkWireInvoice } from '../../testing/invoice/check-wire-invoice.ts'
import type { KitStudio } from './kit-studio.ts'

/** Compares the costs of all calls with the invoice of the fake, line by line. */
export async function checkInvoice({ fake, stack, subject }: KitStudio): Promise<string> {
  return await checkWireInvoice(stack.sql, subject.connection, fake)
}
