package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync/atomic"

	barq "github.com/barq-db/barq-operator/test/barqserver/client"
	"github.com/barq-db/barq-operator/test/e2e/digits"
)

const (
	// shown is how many searches are drawn, and neighbours how many hits of each.
	shown, neighbours = 2, 3
	// leastCorrect is the share of digits that the nearest neighbour has to get right; it gets 98% with this data set.
	leastCorrect = 0.97
)

// search shows what a few searches find, and how often the nearest digit is the right one.
func (d *demo) search(ctx context.Context) error {
	return d.ask(ctx, httpPort, func(ctx context.Context, database *barq.Client) error {
		for index := range shown {
			// One of each of so many writers.
			query := d.asked[index*len(d.asked)/shown]
			hits, err := database.Search(ctx, collection, query.Pixels, neighbours)
			if err != nil {
				return err
			}
			found, err := d.found(ctx, database, hits)
			if err != nil {
				return err
			}
			d.say("%s\n", strings.Join(drawing(query, found, hits), "\n"))
		}
		if err := d.askAll(ctx, database); err != nil {
			return err
		}
		share := float64(d.correct) / float64(len(d.asked))
		d.say("        For %s of them the nearest digit is the right one: %.1f%%.", thousands(d.correct), 100*share)
		if share < leastCorrect {
			return fmt.Errorf("%.1f%% is less than the %.0f%% of this data set", 100*share, 100*leastCorrect)
		}
		return nil
	})
}

// found gives the documents that were hit, as the database has them.
func (d *demo) found(ctx context.Context, database *barq.Client, hits []barq.Hit) ([]barq.Document, error) {
	var found []barq.Document
	for _, hit := range hits {
		document, err := database.Get(ctx, collection, hit.ID)
		if err != nil {
			return nil, err
		}
		if document == nil {
			return nil, fmt.Errorf("document %s was found and is not there", hit.ID)
		}
		found = append(found, *document)
	}
	return found, nil
}

// askAll searches with each digit of the other people, and sets how many of the nearest are the right ones.
func (d *demo) askAll(ctx context.Context, database *barq.Client) error {
	var correct atomic.Int64
	err := shared(ctx, len(d.asked), func(ctx context.Context, index int) error {
		query := d.asked[index]
		hits, err := database.Search(ctx, collection, query.Pixels, 1)
		if err != nil {
			return err
		}
		right, err := judge(query, hits, d.stored)
		if right {
			correct.Add(1)
		}
		return err
	})
	if err == nil {
		d.correct = int(correct.Load())
		d.progress("searched with %s digits of people whose digits are not in the database", thousands(len(d.asked)))
	}
	return err
}

// tolerance is what sums of 32 bits may differ by.
const tolerance = 0.01

// judge tells whether the hit is the right digit. One that is not the nearest is an error.
func judge(query digits.Digit, hits []barq.Hit, stored []digits.Digit) (right bool, err error) {
	if len(hits) != 1 || hits[0].ID.Number < 1 || hits[0].ID.Number > uint64(len(stored)) {
		return false, fmt.Errorf("a search for one digit found %v", hits)
	}
	hit := stored[hits[0].ID.Number-1]
	distance, least := digits.Distance(query.Pixels, hit.Pixels), digits.Nearest(query.Pixels, stored)
	if math.Abs(distance-least) > tolerance {
		return false, fmt.Errorf("document %s has the distance %.2f, and the nearest has %.2f", hits[0].ID, distance, least)
	}
	return hit.Value == query.Value, nil
}

// drawing shows a query and what it found, side by side, with their digits and scores.
func drawing(query digits.Digit, found []barq.Document, hits []barq.Hit) []string {
	const gap = "   "
	images, captions := [][]float32{query.Pixels}, []string{fmt.Sprintf("asked: a %d", query.Value)}
	scores := []string{""}
	for i, document := range found {
		images = append(images, document.Vector)
		payload, _ := document.Payload.(map[string]any)
		captions = append(captions, fmt.Sprintf("found: a %v", payload["digit"]))
		scores = append(scores, fmt.Sprintf("score %.1f", hits[i].Score))
	}
	lines := []string{columns(gap, captions), columns(gap, scores)}
	return append(lines, digits.Draw(gap, images...)...)
}

// columns sets texts as wide as an image each.
func columns(gap string, texts []string) string {
	var padded []string
	for _, text := range texts {
		padded = append(padded, fmt.Sprintf("%-*s", digits.Width, text))
	}
	return strings.TrimRight(strings.Join(padded, gap), " ")
}
