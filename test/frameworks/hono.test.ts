import { subject } from '../../fixtures/hono/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
