/// The digest against its vectors, and the vectors against the Python program that made them.
import Digest
import TestSupport
import Testing

@Suite("The digest's vectors")
struct VectorTests {
    @Test("every vector has the digest that the specification gives it")
    func vectors() throws {
        let cases = try CaseFile.vectors().cases
        #expect(cases.count >= 19)
        for each in cases {
            let expected = try #require(each.expected, "\(each.name)")
            #expect(DigestCase(try each.report()) == expected, "\(each.name)")
        }
    }

    @Test("the Python program still gives them, and gives every dataset its own")
    func python() throws {
        let cases = try CaseFile.vectors().cases
        guard let answers = try CaseFile.python(cases) else { return }
        #expect(answers == cases.compactMap(\.expected))
        // Two of them are the empty dataset.
        #expect(Set(answers.map(\.root)).count == cases.count - 1)
    }

    @Test("the specification's page shows the digests that the vectors have")
    func page() throws {
        let cases = try CaseFile.vectors().cases
        let roots = cases.prefix(5).compactMap { $0.expected?.root }
        let page = try SpecificationPage.text()
        for root in roots { #expect(page.contains(root)) }
    }
}
