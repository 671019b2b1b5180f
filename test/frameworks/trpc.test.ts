import { subject } from '../../fixtures/trpc/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
