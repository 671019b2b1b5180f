import type { Framework } from './framework.ts'

export const express: Framework = {
  patch(): void {},
}
