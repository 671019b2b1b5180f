/** One definition of a parsed GraphQL document. */
export interface Definition {
  readonly kind: string
  readonly name?: { readonly value: string }
  readonly selectionSet?: { readonly selections: readonly Selection[] }
}

interface Selection {
  readonly kind: string
  readonly name?: { readonly value: string }
}

/** An operation's name; one without is called by its first field. */
export function operationName(operation: Definition): string | undefined {
  return operation.name?.value ?? operation.selectionSet?.selections.find(isField)?.name?.value
}

function isField({ kind }: Selection): boolean {
  return kind === 'Field'
}
