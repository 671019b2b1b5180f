import { subject } from '../../fixtures/adonis/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
