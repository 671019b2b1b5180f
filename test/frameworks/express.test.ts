import { subject } from '../../fixtures/express/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
