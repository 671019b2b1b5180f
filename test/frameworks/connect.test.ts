import { subject } from '../../fixtures/connect/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
